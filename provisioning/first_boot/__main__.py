"""Run at the start of a device, before anything that needs its identity.

Exit code 0 with an identity, 1 when AWS refuses it, 2 for wrong usage; as long as it merely
does not come about, it is tried again. SIGTERM ends it at any time.
"""

import os
import random
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from provisioning.errors import ClaimRefusedError, FirstBootError
from provisioning.first_boot.claim import check_serial, read_claim
from provisioning.first_boot.swap import first_boot

# AWS IoT allows ten CreateCertificateFromCsr and RegisterThing a second in an account: a car park full
# of devices that come back after a power cut must spread out.
FIRST_DELAY_S = 2.0
MAX_DELAY_S = 120.0


def run(
    claim: Annotated[Path, typer.Option(help='Folder of the claim, in the image.')] = Path('/app/claim'),
    data: Annotated[Path, typer.Option(help='Folder of the identity, on the data volume.')] = Path(
        '/data/identity'
    ),
    serial: Annotated[
        str, typer.Option(envvar='BALENA_DEVICE_UUID', help='Number of this device; becomes its thing name.')
    ] = '',
    attempts: Annotated[int, typer.Option(min=0, help='Give up after so many; 0 for never.')] = 0,
) -> None:
    """Get this device its own identity, once in its life."""
    try:
        check_serial(serial)
        settings = read_claim(claim)
    except FirstBootError as error:
        _say(str(error))
        raise typer.Exit(2) from None
    bound_s, attempt = FIRST_DELAY_S, 0
    while True:
        attempt += 1
        try:
            thing = first_boot(settings, serial, data)
        except ClaimRefusedError as error:
            _say(str(error))
            raise typer.Exit(1) from None
        except FirstBootError as error:
            _say(str(error))
            if attempt == attempts:
                raise typer.Exit(1) from None
        else:
            _say(f'this device is {thing.thing}')
            return
        time.sleep(random.uniform(bound_s / 2, bound_s))
        bound_s = min(MAX_DELAY_S, bound_s * 2)


def _say(text: str) -> None:
    sys.stderr.write(f'first boot: {text}\n')


if __name__ == '__main__':
    os.umask(0o077)
    typer.run(run)
