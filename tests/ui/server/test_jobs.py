import time
from threading import Event

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Report
from lxmert_viz.ui.server.jobs import STOPPED, Jobs

SECONDS = 30


def test_a_job_tells_its_stage_and_gives_its_notes() -> None:
    told, go_on = Event(), Event()

    def work(report: Report) -> tuple[str, ...]:
        report("halfway", 0.5)
        told.set()
        go_on.wait(SECONDS)
        return ("a note",)

    jobs = Jobs("beginning", 2)
    jobs.start("one", work)
    assert told.wait(SECONDS)
    job = jobs.of("one")
    assert (job.stage, job.share, jobs.running()) == ("halfway", 0.5, [job])
    jobs.start("one", work)  # it is on its way already
    assert jobs.of("one") is job
    go_on.set()
    assert job.over.wait(SECONDS)
    assert (job.notes, job.problem, jobs.running()) == (("a note",), "", [])


def test_a_stopped_job_ends_at_its_next_report_and_can_begin_again() -> None:
    begun, stopped = Event(), Event()

    def work(report: Report) -> tuple[str, ...]:
        begun.set()
        stopped.wait(SECONDS)
        report("not reached", 1.0)
        return ("not reached",)

    jobs = Jobs("beginning", 2)
    jobs.start("one", work)
    assert begun.wait(SECONDS)
    job = jobs.of("one")
    job.stopped.set()
    stopped.set()
    assert job.over.wait(SECONDS)
    assert (job.stage, job.problem, job.notes) == ("beginning", STOPPED, ())
    jobs.start("one", lambda report: ("done",))
    assert jobs.of("one").over.wait(SECONDS)
    assert jobs.of("one").notes == ("done",)


def test_what_a_person_can_mend_is_kept_as_a_sentence() -> None:
    def work(report: Report) -> tuple[str, ...]:
        raise DatasetError("There is no such file.")

    jobs = Jobs("beginning", 2)
    jobs.start("one", work)
    assert jobs.of("one").over.wait(SECONDS)
    assert jobs.of("one").problem == "There is no such file."
    jobs.forget("one")
    assert jobs.of("one") is None


def test_jobs_without_room_wait_and_can_be_stopped_meanwhile() -> None:
    begun, go_on = Event(), Event()

    def work(report: Report) -> tuple[str, ...]:
        begun.set()
        go_on.wait(SECONDS)
        return ()

    jobs = Jobs("beginning", 1)
    jobs.start("first", work)
    assert begun.wait(SECONDS)
    begun.clear()
    jobs.start("second", work)
    jobs.start("third", work)
    jobs.of("third").stopped.set()
    assert jobs.of("third").over.wait(SECONDS)
    assert jobs.of("third").problem == STOPPED
    deadline = time.monotonic() + SECONDS
    while jobs.of("second").stage == "beginning" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert jobs.of("second").stage == "waiting until another is over"
    assert not begun.is_set()
    go_on.set()
    assert jobs.of("second").over.wait(SECONDS)
    assert begun.is_set()
