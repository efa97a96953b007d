"""What runs in a process of its own: read DICOM files by SimpleITK and write what they hold beside them.

Run as a script, without the rest of brainlab, so that it starts fast. A line of standard input is the path of a file as
JSON; the reply is a line `decoded` or `refused`, the values are those of `PATH.npy`. It ends with its input, which
closes when whoever started it ends, in whatever way.
"""

import json
import os
import sys


def main() -> None:
    """Decode file after file."""
    import numpy as np
    import SimpleITK as sitk

    replies = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what decoders print is no reply
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    for line in sys.stdin.buffer:
        path = json.loads(line)
        reader = sitk.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(path)
        try:
            np.save(f"{path}.npy", sitk.GetArrayFromImage(reader.Execute()))
            reply = "decoded"
        except (RuntimeError, OSError):  # ITK's own, of several lines, and a full disk
            reply = "refused"
        print(reply, file=replies, flush=True)


if __name__ == "__main__":
    main()
