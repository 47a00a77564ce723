"""Upload what lies in a folder, as the collector's node does: a process that a test can kill.

Arguments: the folder, and where the ingestion service is. Says on standard output what it has done.
"""

import datetime as dt
import sys
import time
from pathlib import Path

from pydantic import SecretStr

from parking_monitor.cloud.collect_memory import CollectMemory
from parking_monitor.cloud.ingestion import IngestionClient
from parking_monitor.cloud.sample_store import SampleStore
from parking_monitor.cloud.sample_uploader import SampleUploader
from tests.support.ingestion_api import KEY


def main() -> None:
    """Run until it is killed, or nothing is left."""
    folder, base_url = Path(sys.argv[1]), sys.argv[2]
    store = SampleStore(folder / 'outgoing', 10**9)
    memory = CollectMemory(folder / 'collected.json', lambda: dt.date(2026, 11, 23))
    client = IngestionClient(SecretStr(KEY), base_url=base_url)
    uploader = SampleUploader(client, store, memory, daily_limit=1000, first_back_off_s=0.01)
    uploader.start()
    while len(store):
        time.sleep(0.01)
    uploader.stop()


if __name__ == '__main__':
    main()
