"""What each error of kafka-python means for a sender, by class name. It changes with the library's version.

An error is looked up by its own name, then by those of its parents: a new error below ``RetriableError`` needs no
entry. A test fails when the library has a class that no entry covers.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from schemas.errors import BrokerAway, ExchangeError, Misconfigured, Stop, TopicStands

REFUSED = "record_refused"
MEND_TOPIC = (
    "Nothing more is sent on this topic until it is set up as planned: `interfocal provision plan` says how it differs,"
    " `interfocal provision apply` mends it."
)


class Answer(Enum):
    """What to do about an error."""

    AWAY = "away"  # a new connection and the same bytes may succeed
    REFUSED = "refused"  # this record is not taken as its topic is set up
    NOT_ALLOWED = "not_allowed"  # a right is missing
    MISCONFIGURED = "misconfigured"  # client and broker are set up for different things
    UNEXPECTED = "unexpected"  # an answer to something that a sender never asks


_NAMES: Mapping[Answer, str] = MappingProxyType(
    {
        Answer.AWAY: """
            RetriableError IllegalStateError KafkaProtocolError UnknownBrokerIdError UnknownError CorruptRecordError
            BrokerNotAvailableError NewLeaderElectedError StaleBrokerEpochError BrokerIdNotRegisteredError
            DuplicateSequenceNumberError OutOfOrderSequenceNumberError UnknownProducerIdError
            InvalidProducerEpochError InvalidProducerIdMappingError ProducerFencedError QuotaViolationError
            LogDirNotFoundError DuplicateBrokerRegistrationError StaleControllerEpochError UnknownControllerIdError
            ReassignmentInProgressError
            """,
        Answer.REFUSED: """
            MessageSizeTooLargeError RecordListTooLargeError InvalidRecordError InvalidTopicError
            InvalidTimestampError PolicyViolationError UnsupportedForMessageFormatError
            """,
        Answer.NOT_ALLOWED: """
            AuthorizationError SaslAuthenticationFailedError InvalidPrincipalTypeError
            PrincipalDeserializationFailureError UnacceptableCredentialError SecurityDisabledError
            DelegationTokenAuthDisabledError DelegationTokenExpiredError DelegationTokenNotFoundError
            DelegationTokenOwnerMismatchError DelegationTokenRequestNotAllowedError
            """,
        Answer.MISCONFIGURED: """
            KafkaConfigurationError IllegalArgumentError UnrecognizedBrokerVersion UnsupportedCodecError
            UnsupportedVersionError UnsupportedCompressionTypeError UnsupportedSaslMechanismError IllegalSaslStateError
            InvalidRequiredAcksError InvalidConfigurationError InvalidRequestError InconsistentClusterIdError
            UnsupportedEndpointTypeError MismatchedEndpointTypeError
            """,
        Answer.UNEXPECTED: """
            NoError CommitFailedError NoOffsetForPartitionError LogTruncationError TransactionAbortedError
            OffsetOutOfRangeError InvalidFetchRequestError OffsetMetadataTooLargeError IllegalGenerationError
            InconsistentGroupProtocolError InvalidGroupIdError UnknownMemberIdError InvalidSessionTimeoutError
            RebalanceInProgressError InvalidCommitOffsetSizeError TopicAlreadyExistsError InvalidPartitionsError
            InvalidReplicationFactorError InvalidReplicationAssignmentError InvalidTxnStateError
            InvalidTransactionTimeoutError TransactionCoordinatorFencedError OperationNotAttemptedError
            NonEmptyGroupError GroupIdNotFoundError TopicDeletionDisabledError GroupMaxSizeReachedError
            FencedInstanceIdError MemberIdRequiredError GroupSubscribedToTopicError NoReassignmentInProgressError
            ResourceNotFoundError DuplicateResourceError InconsistentVoterSetError InvalidUpdateVersionError
            FeatureUpdateFailedError SnapshotNotFoundError PositionOutOfRangeError TransactionalIdNotFoundError
            IneligibleReplicaError OffsetMovedToTieredStorageError FencedMemberEpochError UnreleasedInstanceIdError
            UnsupportedAssignorError StaleMemberEpochError UnknownSubscriptionIdError TelemetryTooLargeError
            InvalidRegistrationError TransactionAbortableError InvalidRecordStateError DuplicateVoterError
            VoterNotFoundError InvalidVoterKeyError FencedStateEpochError
            """,
    }
)
ANSWERS: Mapping[str, Answer] = MappingProxyType(
    {name: answer for answer, names in _NAMES.items() for name in names.split()}
)


def answer_to(error_class: type[BaseException]) -> Answer | None:
    """What an error class means; None when neither it nor a parent has an entry."""
    return next((ANSWERS[parent.__name__] for parent in error_class.__mro__ if parent.__name__ in ANSWERS), None)


def translate(error: Exception, parameters: Mapping[str, str]) -> ExchangeError:
    """The error of our tree for one of Kafka's; ``parameters`` say what was being done, and stand in the message."""
    name = type(error).__name__
    about = ", ".join(f"{key} {value}" for key, value in parameters.items())
    known = {**parameters, "kafka": name}
    # A connection that breaks in a way nobody foresaw is tried again: the outbox keeps the row meanwhile.
    answer = answer_to(type(error)) or Answer.AWAY
    if answer is Answer.AWAY:
        return BrokerAway(f"Kafka does not answer ({about}): {error}", parameters=known)
    if answer is Answer.REFUSED:
        return TopicStands(f"Kafka refuses a record ({about}): {error}. {MEND_TOPIC}", code=REFUSED, parameters=known)
    if answer is Answer.NOT_ALLOWED:
        message = f"Kafka does not allow this ({about}): {error}. Check principal, password and rights."
        kind = TopicStands if "topic" in parameters else Stop
        return kind(message, code="not_allowed", parameters=known)
    if answer is Answer.MISCONFIGURED:
        message = f"client and broker do not fit ({about}): {error}. Check version and settings of both."
        return Misconfigured(message, parameters=known)
    message = f"Kafka answers what was not asked ({about}): {error}. Report it with the library's version."
    return Stop(message, code="unexpected_answer", parameters=known)
