from chatedit.eval.tables.figures import accumulates, errs_more, forgets, ignores
from chatedit.eval.tables.scores import Seen


def seen(wanted=(), missing=(), changed=()):
    return Seen(frozenset(wanted), frozenset(missing), frozenset(changed), 10)


def test_forgetting_is_losing_what_was_there():
    there, lost = seen(["bangs"]), seen(["bangs", "sad"], ["bangs"])
    assert forgets([there, lost], [there, seen(["bangs", "sad"])])
    assert not forgets([seen(["bangs"], ["bangs"]), lost], [there, seen(["bangs", "sad"])])  # it never was
    assert not forgets([there, lost], [there, lost])  # the other way loses it, too


def test_a_value_that_is_no_longer_asked_for_is_not_forgotten():
    assert not forgets([seen(["bangs"]), seen(["sad"])], [seen(["bangs"]), seen(["sad"])])


def test_only_the_last_picture_counts_for_changes_and_misses():
    clean, dirty = seen(["sad"]), seen(["sad"], changed=["pale skin"])
    assert accumulates([clean, dirty], [clean, clean])
    assert not accumulates([dirty, clean], [clean, clean])
    assert ignores([clean, seen(["sad"], ["sad"])], [clean, clean])
    assert errs_more([clean, dirty], [clean, clean])
    assert not errs_more([clean, dirty], [clean, seen(["sad"], ["sad"])])
