"""Voiceprint groups and features as JSON (rest.md 2.5). cozepy requires every field of an answer."""

from typing import Annotated, Any

from litestar import Request
from msgspec import Meta, Struct

from kouyu.server.rest.ids import OptionalId
from kouyu.server.rest.paging import PageNumber, PageSize
from kouyu.store.voiceprint_writes import FeatureRecord, GroupRecord

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 1000

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
OtherName = Annotated[str, Meta(max_length=LONGEST_NAME, description="Empty: unchanged.")]
Description = Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)]
SampleRate = Annotated[int, Meta(ge=8_000, le=48_000, description="Hz, of 16 bit PCM without a header.")]
Channels = Annotated[int, Meta(ge=1, le=2, description="Of PCM.")]


class GroupsQuery(Struct, frozen=True, kw_only=True):
    """Which groups."""

    name: Annotated[str, Meta(max_length=LONGEST_NAME, description="A prefix of the name.")] = ""
    group_id: OptionalId = ""
    user_id: Annotated[OptionalId, Meta(description="The access token a group was made with.")] = ""
    coze_account_id: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""
    page_num: PageNumber = 1
    page_size: PageSize = 10


class FeaturesQuery(Struct, frozen=True, kw_only=True):
    """Which page."""

    page_num: PageNumber = 1
    page_size: PageSize = 10


class NewGroup(Struct, frozen=True, kw_only=True):
    """A group to create."""

    name: Name
    desc: Description = ""
    coze_account_id: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""


class ChangedGroup(Struct, frozen=True, kw_only=True):
    """Changes of a group; fields left out or empty keep their value."""

    name: OtherName = ""
    desc: Description = ""


class PcmParts(Struct, frozen=True, kw_only=True):
    """The sample format of a file without a header."""

    sample_rate: SampleRate | None = None
    channel: Channels | None = None


class NewFeature(PcmParts, frozen=True, kw_only=True):
    """A speaker to enrol, beside `file`."""

    name: Name
    desc: Description = ""


class NewFeatureForm(NewFeature, frozen=True, kw_only=True):
    """The whole form."""

    file: bytes


class ChangedFeature(PcmParts, frozen=True, kw_only=True):
    """Changes of a speaker, beside `file`; fields left out or empty keep their value."""

    name: OtherName = ""
    desc: Description = ""


class ChangedFeatureForm(ChangedFeature, frozen=True, kw_only=True):
    """The whole form."""

    file: Annotated[bytes, Meta(description="May be left out.")] = b""


class Identify(PcmParts, frozen=True, kw_only=True):
    """How many speakers to return, beside `file`."""

    top_k: Annotated[int, Meta(ge=1, le=100)] = 10


class IdentifyForm(Identify, frozen=True, kw_only=True):
    """The whole form."""

    file: bytes


class Made(Struct, frozen=True):
    """The id of the new object."""

    id: str


class UserInfo(Struct, frozen=True):
    """The creator: here a user is an access token."""

    id: str
    name: str
    nickname: str
    avatar_url: str = ""


class Group(Struct, frozen=True, kw_only=True):
    """A group. Times are Unix seconds."""

    id: str
    name: str
    desc: str
    created_at: int
    updated_at: int
    icon_url: str = ""
    feature_count: int
    user_info: UserInfo


class Groups(Struct, frozen=True):
    """A page of groups."""

    items: tuple[Group, ...]
    total: int


class Feature(Struct, frozen=True, kw_only=True):
    """An enrolled speaker. Times are Unix seconds."""

    id: str
    group_id: str
    name: str
    audio_url: Annotated[str, Meta(description="The enrolled speech; needs a token; 404 if not kept.")]
    created_at: int
    updated_at: int
    desc: str
    icon_url: str = ""
    user_info: UserInfo


class Features(Struct, frozen=True):
    """A page of speakers."""

    items: tuple[Feature, ...]
    total: int


class FeatureScore(Struct, frozen=True):
    """A speaker's score: 0 to 100; from 40 on it probably is this speaker."""

    feature_id: str
    feature_name: str
    feature_desc: str
    score: float


class Identified(Struct, frozen=True):
    """The speakers of the group, highest score first."""

    feature_score_list: tuple[FeatureScore, ...]


def shown_group(record: GroupRecord, names: dict[str, str]) -> Group:
    """A group as the SDKs read it; ``names`` are the names of access tokens by id."""
    return Group(
        id=record.id,
        name=record.name,
        desc=record.description,
        created_at=record.created_at,
        updated_at=record.updated_at,
        feature_count=record.feature_count,
        user_info=_user(record.creator_id, names),
    )


def shown_feature(record: FeatureRecord, names: dict[str, str], request: Request[Any, Any, Any]) -> Feature:
    """A feature as the SDKs read it."""
    return Feature(
        id=record.id,
        group_id=record.group_id,
        name=record.name,
        audio_url=f"{request.base_url}v1/audio/voiceprint_groups/{record.group_id}/features/{record.id}/audio",
        created_at=record.created_at,
        updated_at=record.updated_at,
        desc=record.description,
        user_info=_user(record.creator_id, names),
    )


def _user(creator_id: str, names: dict[str, str]) -> UserInfo:
    name = names.get(creator_id, "")
    return UserInfo(creator_id, name, name)
