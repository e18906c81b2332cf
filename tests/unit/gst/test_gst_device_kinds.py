"""Windows' and macOS' elements are not at hand here: their properties are checked against lists of what they have."""

from __future__ import annotations

from typing import get_args

import pytest

from aes67_sender.gst import graphs
from aes67_sender.gst.devicekinds import KINDS, device_caps, device_element
from aes67_sender.gst.devices import FoundDevice, alsa_identity, choose_device
from aes67_sender.gst.errors import SourceError
from aes67_sender.model.capture import DeviceCapture, DeviceKind

_BASE = {"slave-method", "provide-clock", "buffer-time", "latency-time"}
#: From gst-inspect-1.0 of GStreamer 1.22 to 1.28, without those of every element.
_HAS = {
    "alsasrc": _BASE | {"device"},
    "pulsesrc": _BASE | {"device"},
    "pipewiresrc": {"target-object", "do-timestamp", "stream-properties"},
    "wasapi2src": _BASE | {"device", "low-latency", "loopback"},
    "asiosrc": _BASE | {"device-clsid", "input-channels", "buffer-size", "occupy-all-channels"},
    "osxaudiosrc": _BASE | {"device"},
}
FOUND = (
    FoundDevice("USB Mixer Analog", "alsa", "hw:CARD=USB,DEV=0", "hw:CARD=USB,DEV=0", 8),
    FoundDevice("USB Mixer Digital", "alsa", "hw:CARD=USB,DEV=1", "hw:CARD=USB,DEV=1", 2),
    FoundDevice("Built-in", "alsa", "hw:CARD=PCH,DEV=0", "hw:CARD=PCH,DEV=0", 2),
)


def test_there_is_an_element_for_every_kind() -> None:
    assert set(KINDS) == set(get_args(DeviceKind))


@pytest.mark.parametrize("kind", KINDS)
def test_an_element_is_given_only_what_it_has(kind: DeviceKind) -> None:
    made = device_element(DeviceCapture(kind, 2, buffer_ms=2.5), "studio")
    assert set(made.properties) <= _HAS[made.factory]
    assert made.properties[KINDS[kind].identity] == "studio"
    if kind != "pipewire":
        assert (made.properties["slave-method"], made.properties["provide-clock"]) == ("none", False)
        assert made.properties["latency-time"] == 2500


def test_the_default_device_is_not_named() -> None:
    for kind, each in KINDS.items():
        assert each.identity not in device_element(DeviceCapture(kind, 2), None).properties


def test_loopback_is_the_other_end_of_the_same_element() -> None:
    assert device_element(DeviceCapture("wasapi-loopback", 2), None).properties["loopback"] is True
    assert "loopback" not in device_element(DeviceCapture("wasapi", 2), None).properties


def test_asio_inputs_are_counted_from_0_by_the_element() -> None:
    first = device_element(DeviceCapture("asio", 3), None)
    chosen = device_element(DeviceCapture("asio", 2, inputs=(7, 8)), None)
    assert first.properties["input-channels"] == "0,1,2"
    assert chosen.properties["input-channels"] == "6,7"


def test_pipewire_is_asked_for_pieces_of_the_wanted_length() -> None:
    made = device_element(DeviceCapture("pipewire", 2, rate_hz=96_000, buffer_ms=2), None)
    assert made.properties["stream-properties"] == "props,node.latency=(string)192/96000"


def test_the_best_format_at_48_khz_is_asked_for_first_and_any_other_at_last() -> None:
    wanted = device_caps(DeviceCapture("alsa", 8)).split(";")
    assert wanted[0] == "audio/x-raw,format=F32LE,rate=48000,channels=8"
    assert wanted[-1] == "audio/x-raw,channels=8"
    assert all(",rate=44100" in caps for caps in device_caps(DeviceCapture("alsa", 8, rate_hz=44_100)).split(";"))


def test_a_device_too_wide_to_convert_must_give_float() -> None:
    assert [spec.factory for spec in graphs.device_head(DeviceCapture("asio", 64), None)] == [
        "asiosrc",
        "capsfilter",
        "capsfilter",
    ]


def test_the_doctor_can_print_a_device() -> None:
    line = graphs.describe(DeviceCapture("alsa", 2, "hw:CARD=USB,DEV=0"))
    assert line.startswith("alsasrc name=alsa slave-method=none ")
    assert 'device="hw:CARD=USB,DEV=0"' in line


def test_a_device_is_known_by_its_id_or_by_a_part_of_its_name() -> None:
    assert choose_device("hw:CARD=USB,DEV=1", FOUND, "alsa") is FOUND[1]
    assert choose_device("built", FOUND, "alsa") is FOUND[2]
    # ALSA may know it, though nobody lists it.
    assert choose_device("dsnoop:1", FOUND, "alsa") is None


def test_a_part_of_several_names_is_an_error_with_their_ids() -> None:
    with pytest.raises(SourceError, match='2 alsa devices have "usb" in their names') as caught:
        choose_device("usb", FOUND, "alsa")
    assert "hw:CARD=USB,DEV=0" in caught.value.hint
    assert not caught.value.retryable


def test_a_device_that_is_not_there_may_come() -> None:
    with pytest.raises(SourceError, match='There is no wasapi device "USB Mixer Analgo"') as caught:
        choose_device("USB Mixer Analgo", FOUND, "wasapi")
    assert caught.value.retryable
    assert "USB Mixer Analog" in caught.value.hint
    with pytest.raises(SourceError) as caught:
        choose_device("x", (), "wasapi")
    assert "no wasapi devices at all" in caught.value.hint


def test_alsa_cards_are_named_not_numbered() -> None:
    assert alsa_identity("hw:CARD=USB,DEV=0") == "hw:CARD=USB,DEV=0"
    assert alsa_identity("hw:991,0") == "hw:991,0"
