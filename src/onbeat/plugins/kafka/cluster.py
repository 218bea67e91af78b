"""Ask a Kafka cluster what aiokafka does not: which topic stands behind a name, and the raw bytes at an offset.

A topic that is deleted and made again starts at offset 0. Whoever knows records by name and offset alone takes the new ones for the
old ones and drops them. Kafka gives every topic an id since 2.8; aiokafka 0.14 reads Metadata up to version 5, the ids came with 10.

Rules
1. A topic's incarnation is its id; a cluster that has no ids (an old one, some that only speak the protocol) gives none.
2. Asking never makes a topic.
3. No answer from any broker is an OutsideError: this question is also how a reader learns that the connection is gone.
4. The batch at an offset is read as bytes, without its checksum or codec, so that a broken one can be kept and stepped over.

Called by: feed.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Self

import msgspec
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.types import AbstractType, Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields
from aiokafka.structs import TopicPartition

from onbeat.errors import OutsideError
from onbeat.plugins.kafka.closing import finish

START, GRACE, CLOSE = 30.0, 1.0, 5.0

_TEXT = CompactString("utf-8")
_TAGS: dict[int, bytes] = {}
_NO_ID = bytes(16)
_METADATA = 3
_BATCH_HEADER = struct.Struct(">qiibIhi")
"""baseOffset, batchLength, partitionLeaderEpoch, magic, crc, attributes, lastOffsetDelta: the start of a record batch, version 2."""


class Topic(msgspec.Struct, frozen=True):
    """What stands behind a topic's name now. incarnation: changes when it is made again; None: this cluster cannot say."""

    name: str
    partitions: tuple[int, ...]
    incarnation: str | None


class Metadata(msgspec.Struct, frozen=True):
    """The cluster's id and those of the asked topics that exist."""

    cluster: str
    topics: Mapping[str, Topic]


class RawBatch(msgspec.Struct, frozen=True):
    """A record batch as it lies in the log. last: the offset of its last record."""

    last: int
    data: bytes


class Uuid(AbstractType[bytes]):  # type: ignore[misc]  # aiokafka has no types
    """16 bytes."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """As they are."""
        return value

    @classmethod
    def decode(cls, data: Any) -> bytes:
        """The next 16."""
        return bytes(data.read(16))


class _MetadataResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = _METADATA
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), ("tags", TaggedFields))),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _TEXT),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestV10(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    FLEXIBLE_VERSION = True
    API_KEY = _METADATA
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("name", _TEXT), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        ("tags", TaggedFields),
    )


class _TopicIds(Request[_MetadataRequestV10]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = _METADATA

    def __init__(self, topics: Sequence[str] | None) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> _MetadataRequestV10:
        topics = None if self._topics is None else [(_NO_ID, name, _TAGS) for name in self._topics]
        return request_struct_class(topics, False, False, False, _TAGS)


class Cluster:
    """A connection of our own beside the consumer's, for questions."""

    _knows_ids = True

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._client = AIOKafkaClient(**connection)
        self._ids = self._knows_ids

    async def __aenter__(self) -> Self:
        try:
            if not await finish(self._client.bootstrap(), START, grace=GRACE):
                raise KafkaConnectionError("no answer in time")
        except BaseException as error:
            await self.__aexit__()
            if not isinstance(error, KafkaError):
                raise
            hosts = ", ".join(f"{host}:{port}" for host, port, _ in self._client.hosts)
            raise OutsideError(f"no Kafka broker answers at {hosts}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await finish(self._client.close(), CLOSE)

    async def metadata(self, topics: Sequence[str] | None) -> Metadata:
        """Those topics as they are now, without making any; None: all there are but the cluster's own."""
        if self._ids:
            try:
                answer = await self._ask(_TopicIds(topics))
            except NotImplementedError:  # what aiokafka raises for a broker that is older than the request
                self._ids = False
            else:
                return _with_ids(answer, topics is None)
        return _without_ids(await self._ask(MetadataRequest(topics, allow_auto_topic_creation=False)), topics is None)

    async def batch_at(self, place: TopicPartition, offset: int, max_bytes: int) -> RawBatch | None:
        """The batch that holds the first record at or after an offset; None when there is none or it cannot be read as one."""
        leader = self._client.cluster.leader_for_partition(place)
        if leader is None or leader < 0:
            await self._client.add_topic(place.topic)
            leader = self._client.cluster.leader_for_partition(place)
        request = FetchRequest(500, 1, max_bytes, 0, [(place.topic, [(place.partition, offset, max_bytes)])])
        try:
            answer = await self._client.send(leader, request)
        except KafkaError as error:
            raise OutsideError(f"{place.topic}/{place.partition} at {offset} could not be read: {error}") from error
        return _first_batch(answer.topics[0][1][0][-1], offset)

    async def _ask(self, request: Request[Any]) -> Any:
        failed: KafkaError | None = None
        for broker in self._client.cluster.brokers():
            try:
                return await self._client.send(broker.nodeId, request)
            except KafkaError as error:
                failed = error
        raise OutsideError("the connection to Kafka is lost") from failed


def _with_ids(answer: Any, all_there_are: bool) -> Metadata:
    topics = {}
    for code, name, topic_id, internal, partitions, *_ in answer.topics:
        if internal and all_there_are:
            continue
        if not code:
            incarnation = None if topic_id == _NO_ID else topic_id.hex()
            topics[name] = Topic(name, tuple(sorted(part[1] for part in partitions)), incarnation)
        else:
            _refuse_unless_missing(code, name)
    return Metadata(answer.cluster_id or "", topics)


def _without_ids(answer: Any, all_there_are: bool) -> Metadata:
    topics = {}
    for code, name, internal, partitions in answer.topics:
        if internal and all_there_are:
            continue
        if not code:
            topics[name] = Topic(name, tuple(sorted(part[1] for part in partitions)), None)
        else:
            _refuse_unless_missing(code, name)
    return Metadata(getattr(answer, "cluster_id", None) or "", topics)


def _refuse_unless_missing(code: int, name: str) -> None:
    error = for_code(code)
    if error.__name__ in ("TopicAuthorizationFailedError", "InvalidTopicError"):
        raise OutsideError(f"Kafka does not let us read the topic {name!r}: {error.description or error.__name__}")


def _first_batch(data: bytes | None, offset: int) -> RawBatch | None:
    rest = bytes(data or b"")
    while len(rest) >= _BATCH_HEADER.size:
        base, length, _, magic, _, _, delta = _BATCH_HEADER.unpack_from(rest)
        size = length + 12  # the length counts from behind itself
        if magic != 2 or size < _BATCH_HEADER.size or delta < 0:
            return None
        if base + delta >= offset:
            return RawBatch(base + delta, rest[:size])
        rest = rest[size:]
    return None
