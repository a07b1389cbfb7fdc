import random
from pathlib import Path

import pytest

from kouyu.store.errors import UnknownVoiceprintFeature, UnknownVoiceprintGroup
from kouyu.store.store import Store
from kouyu.store.voiceprint_writes import Enrolment
from kouyu.store.voiceprints import GroupFilter
from tests.store.clock import Clock
from tests.store.conftest import POSTGRES

EVERY = GroupFilter()


def enrolment(seed: int, *, audio_bytes: int = 0) -> Enrolment:
    rng = random.Random(seed)
    vector = rng.randbytes(1024)
    audio = rng.randbytes(audio_bytes) if audio_bytes else None
    return Enrolment(model="test-1", vector=vector, speech_ms=5000, audio=audio)


def on_disk(folder: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def group_names(store: Store, wanted: GroupFilter) -> list[str]:
    found, total = await store.of("").voiceprints.groups(wanted, offset=0, limit=100)
    assert total == len(found)
    return [group.name for group in found]


async def test_a_group_counts_its_features(store: Store, clock: Clock) -> None:
    group_id = await store.of("").voiceprints.create_group("family", creator_id="t", description="at home")
    for seed in range(3):
        await store.of("").voiceprints.enrol(group_id, f"speaker {seed}", enrolment(seed), creator_id="t")
    ((group,), total) = await store.of("").voiceprints.groups(EVERY, offset=0, limit=10)
    assert (group.id, group.name, group.description, group.feature_count) == (group_id, "family", "at home", 3)
    assert (total, group.created_at) == (1, int(clock()))


async def test_groups_are_found_by_how_their_name_begins_and_by_who_made_them(store: Store) -> None:
    family = await store.of("").voiceprints.create_group("family", creator_id="ann", account_id="7")
    await store.of("").voiceprints.create_group("fam%", creator_id="bob")
    assert sorted(await group_names(store, GroupFilter(name="fam"))) == ["fam%", "family"]
    assert await group_names(store, GroupFilter(name="fam%")) == ["fam%"]
    assert await group_names(store, GroupFilter(name="ily")) == []
    assert await group_names(store, GroupFilter(creator_id="bob")) == ["fam%"]
    assert await group_names(store, GroupFilter(group_id=family)) == ["family"]
    assert await group_names(store, GroupFilter(account_id="7", creator_id="bob")) == []


async def test_pages_continue_where_the_last_one_ended(store: Store) -> None:
    group_id = await store.of("").voiceprints.create_group("family", creator_id="t")
    made = [
        await store.of("").voiceprints.enrol(group_id, str(seed), enrolment(seed), creator_id="t") for seed in range(5)
    ]
    pages = [await store.of("").voiceprints.features(group_id, offset=offset, limit=2) for offset in (0, 2, 4, 6)]
    assert [total for _, total in pages] == [5] * 4
    assert [feature.id for page, _ in pages for feature in page] == made[::-1]


async def test_changes_leave_what_they_do_not_name(store: Store) -> None:
    group_id = await store.of("").voiceprints.create_group("family", creator_id="t", description="at home")
    feature_id = await store.of("").voiceprints.enrol(
        group_id, "ann", enrolment(1), creator_id="t", description="mother"
    )
    await store.of("").voiceprints.change_group(group_id, name="kin")
    await store.of("").voiceprints.change(group_id, feature_id, enrolment=enrolment(2, audio_bytes=10))
    ((group,), _) = await store.of("").voiceprints.groups(EVERY, offset=0, limit=1)
    (voice,) = await store.of("").voiceprints.voices(group_id)
    assert (group.name, group.description) == ("kin", "at home")
    assert (voice.name, voice.description, voice.vector) == ("ann", "mother", enrolment(2).vector)
    assert await store.of("").voiceprints.voice(feature_id) == voice
    assert await store.of("").voiceprints.audio(group_id, feature_id) == enrolment(2, audio_bytes=10).audio


async def test_a_feature_is_found_in_its_own_group_only(store: Store) -> None:
    family, friends = [
        await store.of("").voiceprints.create_group(name, creator_id="t") for name in ("family", "friends")
    ]
    feature_id = await store.of("").voiceprints.enrol(family, "ann", enrolment(1), creator_id="t")
    with pytest.raises(UnknownVoiceprintFeature):
        await store.of("").voiceprints.delete(friends, feature_id)
    with pytest.raises(UnknownVoiceprintFeature):
        await store.of("").voiceprints.change(friends, feature_id, name="eve")
    assert await store.of("").voiceprints.voices(friends) == ()
    assert await store.of("").voiceprints.audio(friends, feature_id) is None


async def test_unknown_groups_are_reported(store: Store) -> None:
    for call in (
        store.of("").voiceprints.delete_group("7"),
        store.of("").voiceprints.change_group("7", name="x"),
        store.of("").voiceprints.enrol("7", "ann", enrolment(1), creator_id="t"),
    ):
        with pytest.raises(UnknownVoiceprintGroup, match="7"):
            await call
    assert not await store.of("").voiceprints.has_group("7")


@pytest.mark.skipif(bool(POSTGRES), reason="PostgreSQL's own vacuum decides when deleted rows leave its files")
@pytest.mark.parametrize("whole_group", [True, False])
async def test_what_is_deleted_is_on_the_disk_no_more(store: Store, tmp_path: Path, whole_group: bool) -> None:
    def found_on_disk(seed: int) -> bool:
        """Whether any stretch of a speaker's voiceprint or audio is in any of the database's files."""
        kept = enrolment(seed, audio_bytes=20_000)
        secret = kept.vector + (kept.audio or b"")
        disk = on_disk(tmp_path)
        return any(secret[at : at + 16] in disk for at in range(0, len(secret), 512))

    group_id = await store.of("").voiceprints.create_group("family", creator_id="t")
    made = {
        seed: await store.of("").voiceprints.enrol(group_id, "ann", enrolment(seed, audio_bytes=20_000), creator_id="t")
        for seed in range(12)
    }
    assert all(map(found_on_disk, made))
    if whole_group:
        await store.of("").voiceprints.delete_group(group_id)
    else:
        for seed in random.Random(0).sample(sorted(made), 10):
            await store.of("").voiceprints.delete(group_id, made.pop(seed))
        assert all(map(found_on_disk, made))
    assert [seed for seed in range(12) if found_on_disk(seed)] == ([] if whole_group else sorted(made))


@pytest.mark.skipif(bool(POSTGRES), reason="PostgreSQL's own vacuum decides when deleted rows leave its files")
async def test_a_voice_that_was_replaced_is_on_the_disk_no_more(store: Store, tmp_path: Path) -> None:
    group_id = await store.of("").voiceprints.create_group("family", creator_id="t")
    feature_id = await store.of("").voiceprints.enrol(group_id, "ann", enrolment(1), creator_id="t")
    await store.of("").voiceprints.change(group_id, feature_id, enrolment=enrolment(2))
    disk = on_disk(tmp_path)
    assert enrolment(2).vector in disk
    assert enrolment(1).vector[:16] not in disk
