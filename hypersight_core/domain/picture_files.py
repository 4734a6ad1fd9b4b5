"""Where watchers leave pictures of cameras, and whoever shows them finds them.

Those with persons to be seen lie apart from those with persons blurred.
"""

from pathlib import Path


def snapshots_folder(var_dir: Path, *, is_blurred: bool = False) -> Path:
    """Return where the latest frames of cameras are."""
    return _folder(var_dir, is_blurred) / "snapshots"


def snapshot_path(var_dir: Path, camera_id: int, *, is_blurred: bool = False) -> Path:
    """Return where the latest frame of a watched camera is."""
    return snapshots_folder(var_dir, is_blurred=is_blurred) / f"{camera_id}.jpg"


def previews_folder(var_dir: Path, *, is_blurred: bool = False) -> Path:
    """Return where the previews of processors are, a folder each."""
    return _folder(var_dir, is_blurred) / "previews"


def preview_folder(var_dir: Path, processor_id: int, *, is_blurred: bool = False) -> Path:
    """Return where the preview of a processor is."""
    return previews_folder(var_dir, is_blurred=is_blurred) / str(processor_id)


def _folder(var_dir: Path, is_blurred: bool) -> Path:
    return var_dir / "blurred" if is_blurred else var_dir
