"""What each error of the Kafka client means to us. It changes when the client gets a new error class.

By name, because only ``consumers.source`` imports the client. Whatever the client itself calls retriable is
``BrokerAway``; every other class stands here, and a test fails for one that does not.
"""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.errors import BrokerAway, ExchangeError, Malformed, Misconfigured, PositionLost, Stop

AWAY = """
    BrokerNotAvailableError BrokerResponseError CommitFailedError FencedMemberEpochError
    GroupIdNotFoundError GroupMaxSizeReachedError IllegalGenerationError InvalidFetchRequestError KafkaError
    MemberIdRequiredError NoError ReassignmentInProgressError RebalanceInProgressError StaleBrokerEpochError
    StaleControllerEpochError StaleMemberEpochError UnknownBrokerIdError UnknownError UnknownMemberIdError
    InvalidReceiveError KafkaProtocolError InvalidRegistrationError NewLeaderElectedError
    OffsetMovedToTieredStorageError UnreleasedInstanceIdError BrokerIdNotRegisteredError
"""
UNREADABLE = "CorruptRecordError InvalidRecordError UnsupportedCodecError UnsupportedCompressionTypeError"
LOST = "LogTruncationError NoOffsetForPartitionError OffsetOutOfRangeError PositionOutOfRangeError"
REFUSED = """
    AuthorizationError ClusterAuthorizationFailedError DelegationTokenAuthDisabledError
    DelegationTokenAuthorizationFailedError DelegationTokenExpiredError DelegationTokenNotFoundError
    DelegationTokenOwnerMismatchError DelegationTokenRequestNotAllowedError FencedInstanceIdError
    GroupAuthorizationFailedError
    IllegalArgumentError IllegalSaslStateError IncompatibleBrokerVersion InconsistentClusterIdError
    InconsistentGroupProtocolError InvalidConfigurationError InvalidGroupIdError InvalidPrincipalTypeError
    InvalidSessionTimeoutError InvalidTopicError KafkaConfigurationError MessageSizeTooLargeError
    OffsetMetadataTooLargeError InvalidCommitOffsetSizeError PolicyViolationError SaslAuthenticationFailedError
    SecurityDisabledError TopicAuthorizationFailedError TransactionalIdAuthorizationFailedError
    UnacceptableCredentialError UnrecognizedBrokerVersion UnsupportedAssignorError UnsupportedForMessageFormatError
    UnsupportedSaslMechanismError UnsupportedVersionError MismatchedEndpointTypeError UnsupportedEndpointTypeError
    PrincipalDeserializationFailureError QuotaViolationError GroupSubscribedToTopicError
"""
NEVER_WHEN_READING = """
    DuplicateBrokerRegistrationError DuplicateResourceError DuplicateSequenceNumberError DuplicateVoterError
    FeatureUpdateFailedError FencedStateEpochError IllegalStateError IneligibleReplicaError
    InconsistentVoterSetError InvalidPartitionsError InvalidProducerEpochError InvalidProducerIdMappingError
    InvalidRecordStateError InvalidReplicationAssignmentError InvalidReplicationFactorError InvalidRequestError
    InvalidRequiredAcksError InvalidTimestampError InvalidTransactionTimeoutError InvalidTxnStateError
    InvalidUpdateVersionError InvalidVoterKeyError LogDirNotFoundError NoReassignmentInProgressError
    NonEmptyGroupError OperationNotAttemptedError OutOfOrderSequenceNumberError ProducerFencedError
    RecordListTooLargeError ResourceNotFoundError SnapshotNotFoundError TelemetryTooLargeError
    TopicAlreadyExistsError TopicDeletionDisabledError TransactionAbortableError TransactionAbortedError
    TransactionCoordinatorFencedError TransactionalIdNotFoundError UnknownControllerIdError UnknownProducerIdError
    UnknownSubscriptionIdError VoterNotFoundError
"""
MEANINGS: Mapping[str, type[ExchangeError]] = MappingProxyType(
    {
        name: meaning
        for names, meaning in (
            (AWAY, BrokerAway),
            (UNREADABLE, Malformed),
            (LOST, PositionLost),
            (REFUSED, Misconfigured),
            (NEVER_WHEN_READING, Stop),
        )
        for name in names.split()
    }
)
ADVICE: Mapping[type[ExchangeError], str] = MappingProxyType(
    {
        BrokerAway: "trying again; if it lasts, look at the broker",
        Malformed: "the log holds a batch that this client cannot read",
        PositionLost: "compare the stored positions with the log",
        Misconfigured: "check this client's settings, user and rights",
        Stop: "the broker said what it does not say to a reader; look at both versions",
    }
)


def meaning_of(error: Exception) -> type[ExchangeError]:
    """The class of our tree for an error of the client, or for whatever else escaped from it."""
    if getattr(error, "retriable", False) or isinstance(error, OSError):
        return BrokerAway
    return MEANINGS.get(type(error).__name__, Malformed)


def translate(error: Exception, doing: str) -> ExchangeError:
    """Our error for one of the client's; the text names what was done and the client's class, never its data."""
    meaning = meaning_of(error)
    return meaning(f"Kafka, {doing}: {type(error).__name__}; {ADVICE[meaning]}", parameters={"doing": doing})
