"""Name what can stop the provisioning of a device."""


class ProvisionError(Exception):
    """Be the base of every error of the tool; the text says what is wrong and what to do."""


class UsageError(ProvisionError, ValueError):
    """Say which argument is not allowed, and what is."""


class FolderError(ProvisionError):
    """Say what is wrong with a file or folder on this machine."""


class AwsError(ProvisionError):
    """Say what AWS refused or why it cannot be reached."""


class IdentityElsewhereError(ProvisionError):
    """Say that a thing has a certificate whose key is not on this machine."""


class NotRegisteredError(ProvisionError):
    """Say that a thing or its files are not there."""


class FirstBootError(ProvisionError):
    """Say why a device could not swap the claim for its own identity; it may be tried again."""


class ClaimRefusedError(FirstBootError):
    """Say that AWS refused the claim; trying again without a change does not help.

    Attributes:
        code: the service's error code.
    """

    def __init__(self, what: str, code: str, message: str, advice: str) -> None:
        super().__init__(f'{what} was refused: {code}: {message}; {advice}')
        self.code = code
