"""Puts a browser to sleep: its processes are stopped, and go on later. (`Page.setWebLifecycleState` does nothing to a page that
counts as visible, and here every page does.)"""

import contextlib
import os
import signal
import time


@contextlib.contextmanager
def asleep(browser, pages_only=False):
    """All of the browser, as a closed lid does it; or only what runs its pages, as when it freezes tabs."""
    session = browser.new_browser_cdp_session()
    processes = [
        process["id"] for process in session.send("SystemInfo.getProcessInfo")["processInfo"]
        if process["type"] == "renderer" or not pages_only]
    session.detach()
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        deadline = time.monotonic() + 10
        while not all(is_stopped(process) for process in processes):
            assert time.monotonic() < deadline, "the browser does not sleep"
            time.sleep(0.01)
        yield
        assert all(is_stopped(process) for process in processes), "the browser was woken"
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def is_stopped(process):
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"
