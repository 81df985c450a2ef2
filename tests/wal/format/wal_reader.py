"""Reads Keel's log and vote file. Written from docs/wal_format.md alone."""

import os
import re
import struct

from xxh3 import xxh3_64

FIRST_RECORD = 4096
HEADER_COPIES = (0, 2048)
ENTRY, MARK, BASE = 1, 2, 3
CLOSE = 2


class Header:
    def __init__(self, block, at):
        raw = block[at:at + 128]
        self.valid = (len(raw) == 128 and raw[:8] == b"KEEL-WAL"
                      and xxh3_64(raw[:120]) == struct.unpack_from("<Q", raw, 120)[0])
        if not self.valid:
            return
        self.version = struct.unpack_from("<I", raw, 8)[0]
        (self.group, self.member, self.sequence, self.incarnation, self.previous_sequence,
         self.previous_offset, self.previous_checksum, self.last_index, self.last_term,
         self.base_index, self.base_term, self.segment_bytes, _,
         self.checksum) = struct.unpack_from("<14Q", raw, 16)


class Record:
    def __init__(self, data, at, end):
        self.at = at
        self.valid = at + 40 <= end
        if not self.valid:
            return
        (self.checksum, self.incarnation, self.length, self.type, self.kind, _, self.term,
         self.index) = struct.unpack_from("<QQIBBHQQ", data, at)
        self.end = at + (40 + self.length + 7) // 8 * 8
        self.valid = self.end <= end
        if self.valid:
            self.checked = data[at + 8:self.end]
            self.payload = data[at + 40:at + 40 + self.length]

    def follows(self, incarnation, checksum):
        return (self.valid and self.incarnation == incarnation and self.type in (ENTRY, MARK, BASE)
                and self.checksum == xxh3_64(self.checked, checksum))

    def mark(self):
        return struct.unpack_from("<QQQI", self.payload, 0)

    def is_trusted_mark(self, sequence, incarnation):
        if not (self.valid and self.type == MARK and self.length == 40):
            return False
        if incarnation and self.incarnation != incarnation:
            return False
        if struct.unpack_from("<Q", self.payload, 32)[0] != xxh3_64(self.checked[:64]):
            return False
        _, own, named, _ = self.mark()
        return own == self.at and named == sequence


class Segment:
    def __init__(self, directory, name):
        self.name = name
        self.sequence = int(name[:16], 16)
        with open(os.path.join(directory, name), "rb") as file:
            self.data = file.read()
        headers = [Header(self.data, at) for at in HEADER_COPIES]
        headers = [h for h in headers if h.valid and h.sequence == self.sequence]
        self.header = headers[0] if headers else None

    def records(self, at, incarnation, checksum, end):
        while True:
            record = Record(self.data, at, end)
            if not record.follows(incarnation, checksum):
                return
            yield record
            at, checksum = record.end, record.checksum


class Remains:
    """What stands behind the place where a segment could not be read on."""

    def __init__(self, segment, start, incarnation):
        self.trace = self.proof = False
        self.last = self.base = 0
        self.base_term = 0
        at, seen = start, start
        data = segment.data
        while at + 40 <= len(data):
            if incarnation and struct.unpack_from("<Q", data, at + 8)[0] == incarnation:
                self.trace = True
            if at >= seen and data[at + 20] == MARK:
                mark = Record(data, at, len(data))
                if mark.is_trusted_mark(segment.sequence, incarnation):
                    seen = mark.end
                    self.take(mark, start)
                    for record in segment.records(mark.end, mark.incarnation, mark.checksum,
                                                  len(data)):
                        seen = record.end
                        self.take(record, start)
            at += 8

    def take(self, record, start):
        if record.type == MARK and record.mark()[0] > start:
            self.proof = True
        if record.type == BASE:
            if record.index > self.base:
                self.base, self.base_term = record.index, record.term
        else:
            self.last = max(self.last, record.index)


class Log:
    def __init__(self, directory):
        names = sorted(n for n in os.listdir(directory) if re.fullmatch(r"[0-9a-f]{16}\.wal", n))
        self.segments = {s.sequence: s for s in (Segment(directory, n) for n in names)}
        self.base = (0, 0)
        self.entries = {}
        self.last = 0
        self.closed = False
        self.cut = None
        self.damage = None
        chain = self.chain()
        if not chain:
            return
        oldest = chain[0].header
        self.base = (oldest.base_index, oldest.base_term)
        self.last = oldest.last_index
        missing_up_to = oldest.last_index if oldest.previous_sequence else 0
        for at, segment in enumerate(chain):
            self.set_base(segment.header.base_index, segment.header.base_term)
            following = chain[at + 1].header if at + 1 < len(chain) else None
            missing_up_to = self.read(segment, following, missing_up_to)
            if self.damage:
                self.learn(chain[at + 1:])
                break
        for sequence, segment in self.segments.items():
            if segment.header is None and sequence > chain[-1].sequence:
                remains = Remains(segment, 0, 0)
                if remains.proof:
                    self.note(segment.name, 0, remains)
        if missing_up_to > self.base[0]:
            known = self.damage[3] if self.damage else 0
            name = "%016x.wal" % oldest.previous_sequence
            place = self.damage[:2] if self.damage else [name, 0]
            self.damage = [*place, self.base[0] + 1, max(known, self.last)]
            self.entries = {}
            self.last = self.base[0]

    def chain(self):
        with_header = [s for s in self.segments.values() if s.header]
        if not with_header:
            return []
        chain = [max(with_header, key=lambda s: s.sequence)]
        while chain[-1].header.previous_sequence:
            previous = self.segments.get(chain[-1].header.previous_sequence)
            if previous is None or previous.header is None:
                break
            chain.append(previous)
        return chain[::-1]

    def read(self, segment, following, missing_up_to):
        header = segment.header
        end = following.previous_offset if following else len(segment.data)
        at, checksum, newest_mark = FIRST_RECORD, header.checksum, None
        for record in segment.records(at, header.incarnation, checksum, end):
            at, checksum = record.end, record.checksum
            if record.type == ENTRY:
                for index in range(record.index, self.last + 1):
                    self.entries.pop(index, None)
                self.entries[record.index] = record
                self.last = record.index
                missing_up_to = min(missing_up_to, record.index - 1)
            elif record.type == BASE:
                self.set_base(record.index, record.term)
            else:
                newest_mark = record
        if following:
            if (at, checksum) != (following.previous_offset, following.previous_checksum):
                self.note(segment.name, at, Remains(segment, at, header.incarnation))
            return missing_up_to
        if newest_mark and newest_mark.kind == CLOSE:
            self.closed = True
            return missing_up_to
        remains = Remains(segment, at, header.incarnation)
        batch_end = newest_mark.at + newest_mark.mark()[3] if newest_mark else at
        if remains.proof:
            self.note(segment.name, at, remains)
        elif batch_end > at or remains.trace:
            self.cut = (segment.name, at, max(batch_end - at, 0))
        return missing_up_to

    def set_base(self, index, term):
        if index <= self.base[0]:
            return
        self.base = (index, term)
        self.entries = {i: e for i, e in self.entries.items() if i > index}
        self.last = max(self.last, index)

    def note(self, name, offset, remains):
        self.set_base(remains.base, remains.base_term)
        if not self.damage:
            self.damage = [name, offset, 0, 0]
        self.damage[2] = self.last + 1
        self.damage[3] = max(self.damage[2], self.damage[3], remains.last)

    def learn(self, later):
        for segment in later:
            remains = Remains(segment, FIRST_RECORD, segment.header.incarnation)
            remains.last = max(remains.last, segment.header.last_index)
            if segment.header.base_index > remains.base:
                remains.base = segment.header.base_index
                remains.base_term = segment.header.base_term
            self.note("", 0, remains)


def read_vote(path):
    """(term, vote, boot, flags) of the slot that was saved last, or None."""
    with open(path, "rb") as file:
        data = file.read()
    newest = None
    for at in (0, 4096):
        raw = data[at:at + 96]
        if len(raw) < 96 or raw[:8] != b"KEELVOTE":
            continue
        if xxh3_64(raw[:88]) != struct.unpack_from("<Q", raw, 88)[0]:
            continue
        _, _, count, term, vote, boot, flags = struct.unpack_from("<7Q", raw, 16)
        if newest is None or count > newest[0]:
            newest = (count, term, vote, boot, flags)
    return newest and newest[1:]
