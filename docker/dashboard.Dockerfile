# The image of the fleet's service, `parking-fleet`: its store, its API and its dashboard. It has no ROS.
#   docker build -f docker/dashboard.Dockerfile -t parking-fleet .
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
COPY requirements/build.txt requirements/fleet.txt requirements/
RUN python3 -m venv venv \
    && venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && venv/bin/python -m pip install --no-cache-dir --require-hashes --no-build-isolation \
        -r requirements/fleet.txt
COPY src/parking_fleet src/parking_fleet
# What src/parking_fleet/parking_fleet/messages/schemas is a link to.
COPY src/parking_monitor/parking_monitor/cloud/schemas src/parking_monitor/parking_monitor/cloud/schemas
RUN venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation ./src/parking_fleet


FROM python:3.12-slim-bookworm AS service
RUN useradd --uid 1000 --create-home --home-dir /data parking
COPY --from=build /app/venv /app/venv
ENV HOME=/data PATH=/app/venv/bin:/usr/local/bin:/usr/bin:/bin
# parking-fleet.yaml, facilities.yaml and the store of SQLite are here.
WORKDIR /data
VOLUME /data
USER 1000
EXPOSE 8080
# An answer, whatever it says: a broker or a database that is away is not mended by a restart.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python3", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/healthz'); c.getresponse()"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["parking-fleet"]
CMD ["serve"]
