"""Fuzz what reads users' files: no exception but ours, no case over 5 s, no process over 1 GiB.

    pip install atheris
    python -m benchmarks.fuzz.run [PARSER ...] [--cases 12000] [--seed 0]

Atheris (libFuzzer for Python) changes whole inputs, guided by which lines of brainlab they reach. It runs each parser
in a process of its own and ends it at the first finding, whose input is kept in `findings/` of the working folder.
Prints a line a parser: cases, seconds, the slowest case and the most memory.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_S, LIMIT_MIB = 5, 1024
FINDINGS = Path("findings")
WORDS = Path(__file__).with_name("words.dict")


def main() -> int:
    """Fuzz parsers one by one; 0 where none had a finding."""
    if "--alone" not in sys.argv:
        from benchmarks.fuzz.parsers import PARSERS
    else:
        import atheris

        with atheris.instrument_imports(include=["brainlab", "app.data.codes", "app.server.reading_routes"]):
            from benchmarks.fuzz.parsers import PARSERS
    parser = argparse.ArgumentParser(description="Fuzz what reads users' files.")
    parser.add_argument("names", nargs="*", metavar="PARSER", help=f"of {', '.join(PARSERS)}")
    parser.add_argument("--cases", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in PARSERS]:
        parser.error(f"knows no {unknown[0]}; needs one of {', '.join(PARSERS)}")
    if args.alone:
        _fuzz(args.names[0], args.cases, args.seed)
        return 0
    print("parser           cases  findings  seconds")
    total = found = 0
    for name in args.names or PARSERS:
        started = time.monotonic()
        words = [sys.executable, "-m", "benchmarks.fuzz.run", name, "--alone"]
        words += ["--cases", str(args.cases), "--seed", str(args.seed)]
        done = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        )
        seconds = time.monotonic() - started
        total, found = total + args.cases, found + bool(done.returncode)
        told = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("slowest")), "")
        print(f"{name.ljust(15)}  {args.cases:5}  {bool(done.returncode):8}  {seconds:7.0f}  {told}", flush=True)
        if done.returncode:
            print("\n".join(f"    {line}" for line in done.stdout.splitlines()[-40:]), flush=True)
            print(f"    ended with {done.returncode}", flush=True)
    print(f"{total:,} cases, {found} findings")
    return 1 if found else 0


def _fuzz(name: str, cases: int, seed: int) -> None:
    import atheris

    from benchmarks.fuzz.parsers import PARSERS
    from brainlab.errors import BrainlabError

    parser = PARSERS[name]
    FINDINGS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        corpus, folder = Path(place) / "corpus", Path(place) / "case"
        corpus.mkdir()
        for number, content in enumerate(parser.seeds()):
            (corpus / str(number)).write_bytes(content)
        slowest, left = 0.0, cases

        def one(content: bytes) -> None:
            nonlocal slowest, left
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            started = time.monotonic()
            try:
                parser.read(content, folder)
            except BrainlabError as error:
                if "\n" in str(error):
                    raise RuntimeError(f"an error of several lines: {error}") from error
            slowest = max(slowest, time.monotonic() - started)
            left -= 1
            if left == 0:
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
                print(f"slowest {slowest:.2f} s, at most {memory} MiB", flush=True)

        limits = [f"-runs={cases}", f"-seed={seed + 1}", f"-timeout={LIMIT_S}", f"-rss_limit_mb={LIMIT_MIB}"]
        kept = [
            f"-artifact_prefix={FINDINGS}/{name}-",
            f"-max_len={parser.longest}",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        atheris.Setup(["fuzz", *limits, *kept, str(corpus)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
