from __future__ import annotations

from typing import Any

import pytest

from aes67_sender.gst import runtime
from aes67_sender.gst.capture import Capture
from aes67_sender.gst.errors import SourceError
from aes67_sender.gst.failures import Failure
from aes67_sender.gst.pipeline import Pipeline
from aes67_sender.gst.sources import BinSource
from aes67_sender.model.capture import GstCapture

pytestmark = pytest.mark.gst


class Sink:
    """An appsink that is at its end; a failure comes at the very moment in which that is asked."""

    def __init__(self, pipeline: Pipeline, failure: Failure | None) -> None:
        self._pipeline = pipeline
        self._failure = failure

    def is_eos(self) -> bool:
        if self._failure is not None:
            self._pipeline.fail(self._failure)
        return True


def at_the_end(failure: Failure | None) -> bool:
    runtime.load()
    pipeline = Pipeline("test")
    sink: Any = Sink(pipeline, failure)
    return pipeline.ended(sink)


def test_an_end_without_failure_is_an_end() -> None:
    assert at_the_end(None)


def test_an_end_because_of_a_failure_is_none_however_late_the_failure_is_seen() -> None:
    with pytest.raises(SourceError, match="It is gone"):
        at_the_end(Failure("It is gone."))


def test_a_source_hears_of_its_end_before_the_pipeline_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    stop = Pipeline.stop

    def stop_and_tell(pipeline: Pipeline) -> bool:
        heard.append("pipeline")
        return stop(pipeline)

    monkeypatch.setattr(BinSource, "stopping", lambda _: heard.append("source"))
    monkeypatch.setattr(Pipeline, "stop", stop_and_tell)
    capture = Capture(GstCapture("audiotestsrc", 1), None)
    capture.start(5)
    capture.stop()
    assert heard == ["source", "pipeline"]
