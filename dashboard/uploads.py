"""Uploads stay in memory, and one that is too large for it is refused instead of left out."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler


class BoundedUploadHandler(MemoryFileUploadHandler):
    """Django's own stands aside above `FILE_UPLOAD_MAX_MEMORY_SIZE`: the form would look as if no file was chosen."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        super().handle_raw_input(*args, **kwargs)
        if not self.activated:
            raise RequestDataTooBig("The uploaded files are too large.")
