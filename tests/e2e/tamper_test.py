"""`keyledger verify` on a record that somebody touched: one flipped byte in an event, in the files as
they lie on disk. It must say damaged and name the position; on the untouched data it says intact."""
import os
import shutil
import sys
import time

from server import Server, program


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


def places(root, needle):
    """(file, offset) of every occurrence of a text below a directory."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content = file.read()
            at = content.find(needle)
            while at >= 0:
                yield path, at
                at = content.find(needle, at + 1)


def watermark_size(data):
    with open(os.path.join(data, "watermark"), encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("size ")).split()[1])


def damaged_copy(server, path, offset):
    """The report on a copy of the data with one byte flipped in one file."""
    copy = os.path.join(server.home, "copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(server.data, copy)
    flip(path.replace(server.data, copy, 1), offset)
    return server.verify_ledger(copy)


def in_the_write_ahead_log(server, names):
    """After a kill the newest events lie in the write-ahead log: the very event is named."""
    size = watermark_size(server.data)
    flips = 0
    for n, name in enumerate(names):
        position = size - len(names) + n
        for path, offset in places(os.path.join(server.data, "ledger"), name.encode()):
            if path.endswith(".log"):
                code, report = damaged_copy(server, path, offset)
                assert code == 1 and report["position"] == position, (position, code, report)
                flips += 1
    assert flips >= len(names), flips
    return flips


def in_the_sorted_files(server):
    """Every sorted file, from its first data block on. A damaged block takes its neighbours along, so
    the first of them is named; a file that does not even open has no position to name."""
    flips = named = 0
    folder = os.path.join(server.data, "ledger")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".sst"):
            for offset in range(16, 200, 61):
                code, report = damaged_copy(server, os.path.join(folder, name), offset)
                assert code == 1 and not report["intact"], (name, offset, code, report)
                flips += 1
                named += report["position"] is not None
    assert named > flips // 2, (named, flips)
    return flips


def main():
    with Server(program()) as server:
        server.start()
        client = server.client()
        names = [f"tamper-target-{n}" for n in range(6)]
        for name in names:
            client.create_key(name)
        size = client.expect(200, "GET", "/v1/ledger")[0]["size"]
        while watermark_size(server.data) < size:
            time.sleep(0.01)
        server.kill()
        flips = in_the_write_ahead_log(server, names)

        code, report = server.verify_ledger()
        assert code == 0 and report["intact"] and report["events"] == size, report
        flips += in_the_sorted_files(server)
        print(f"{flips} flipped bytes, each found; untouched: intact")
    return 0


if __name__ == "__main__":
    sys.exit(main())
