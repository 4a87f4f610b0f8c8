"""Reads the bytes of a ledger, written from events/FORMAT.md with the standard library alone.

It shares nothing with the program, so that the format is known to be documented: what it decodes
must equal what the program decodes. Usage: ledger_reader.py leaf|frame|side|blob|usage < HEX
"""
import json
import sys


class Damaged(Exception):
    """The bytes are not what FORMAT.md says."""


def need(condition, what):
    if not condition:
        raise Damaged(what)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, size):
        need(self.at + size <= len(self.data), "bytes end early")
        self.at += size
        return self.data[self.at - size:self.at]

    def rest(self):
        return self.raw(len(self.data) - self.at)

    def end(self):
        need(self.at == len(self.data), "bytes are left over")


def fixed(size):
    return lambda r: int.from_bytes(r.raw(size), "big")


u8, u16, u32, u64 = fixed(1), fixed(2), fixed(4), fixed(8)


def time(r):
    value = int.from_bytes(r.raw(8), "big", signed=True)
    need(0 <= value <= 253402300799999, "time out of range")
    return value


def varint(bits):
    def read(r):
        value = shift = 0
        while True:
            byte = u8(r)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                need(byte != 0 or shift == 7, "varint longer than needed")
                need(value < 1 << bits, "varint out of range")
                return value
            need(shift < 64, "varint too long")
    return read


def boolean(r):
    value = u8(r)
    need(value <= 1, "neither 0 nor 1")
    return value == 1


def enum(*names):
    def read(r):
        value = u8(r)
        need(1 <= value <= len(names), "unknown enum value")
        return names[value - 1]
    return read


def ident(prefix):
    def read(r):
        number, text = int.from_bytes(r.raw(16), "big"), ""
        for _ in range(26):
            number, digit = divmod(number, 32)
            text = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit] + text
        return prefix + text
    return read


def hexed(size):
    return lambda r: r.raw(size).hex()


def clean(raw):
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Damaged("not UTF-8") from error
    need(not any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in text), "control character")
    return text


def text(r):
    return clean(r.raw(varint(64)(r)))


def text16(r):
    return clean(r.raw(u16(r)))


def optional(of):
    return lambda r: of(r) if boolean(r) else None


def list_of(of):
    return lambda r: [of(r) for _ in range(varint(64)(r))]


def text_set(r):
    values = list_of(text)(r)
    raw = [value.encode() for value in values]
    need(all(a < b for a, b in zip(raw, raw[1:])), "set not sorted")
    return values


def struct(**fields):
    return lambda r: {name: of(r) for name, of in fields.items()}


def change(of):
    return struct(**{"from": of, "to": of})


def network(r):
    value = struct(address=hexed(16), prefix=u8)(r)
    need(value["prefix"] <= 128, "prefix above 128")
    return value


DIGEST = hexed(32)
ALGORITHM = enum("sha256")
ROLE = enum("owner", "admin", "auditor", "verifier")
KEY, MEMBER, SECRET_ID, LOG = ident("key_"), ident("mem_"), ident("sec_"), ident("log_")
WORKSPACE = ident("ws_")
STREAMS = {"ledger": LOG, "workspace": WORKSPACE, "policy": WORKSPACE, "member": MEMBER, "key": KEY}
ACTORS = {"system": ident(""), "member": MEMBER, "key_holder": KEY}
SECRET = struct(id=SECRET_ID, hash=struct(algorithm=ALGORITHM, bytes=DIGEST), handle=text)
ORIGIN = struct(scheme=optional(text), host=text, port=optional(varint(16)), self=boolean,
                subdomains=boolean)
RATE = struct(limit=varint(32), window_seconds=varint(32))
POLICY = struct(
    name_rule=enum("free", "no_whitespace"), unique_names=boolean, allow_public=boolean,
    allow_private=boolean, scopes=list_of(struct(name=text, description=text, is_public=boolean)),
    default_scopes=text_set,
    endpoints=list_of(struct(method=text, path=text, scope=text, is_public=boolean)),
    required_headers=list_of(struct(name=text, values=list_of(text))),
    max_ttl_seconds=optional(varint(64)), default_ttl_seconds=optional(varint(64)),
    rotation_age_days=optional(varint(32)), inactivity_days=optional(varint(32)),
    forbid_wildcard_origin_live=boolean, require_reason=boolean, require_if_match=boolean,
    rate_limit=optional(RATE), on_leak=enum("report", "suspend", "revoke"),
    use_digest=enum("off", "daily", "hourly"), usage_retention_days=varint(32), secret_prefix=text)
NOTHING = struct()
DETAIL = struct(previous=optional(varint(64)))
CODE = enum("unspecified", "key_compromise", "affiliation_changed", "superseded",
            "cessation_of_operation", "privilege_withdrawn")
CREATED = struct(
    type=enum("public", "private", "management"), environment=enum("live", "test"), name=text,
    secret=SECRET, scopes=text_set, allowed_origins=list_of(ORIGIN), allow_missing_origin=boolean,
    allowed_ips=list_of(network), not_before=optional(time), expires_at=optional(time),
    owner=MEMBER, member=optional(MEMBER), rate_limit=optional(RATE), replaces=optional(KEY))

PAYLOADS = {  # (tag, payload version): name, fields
    (0x0001, 1): ("ledger.created", struct(log_id=LOG, origin=text, format=u8)),
    (0x0002, 1): ("ledger.rollback_accepted",
                  struct(origin=text, watermark_size=varint(64), found_size=varint(64))),
    (0x0100, 1): ("workspace.created", struct(name=text, profile=text, is_operator=boolean)),
    (0x0101, 1): ("workspace.suspended", NOTHING),
    (0x0102, 1): ("workspace.resumed", NOTHING),
    (0x0110, 1): ("usage.digest", struct(**{"from": time, "to": time}, rows=varint(64),
                                         algorithm=ALGORITHM, digest=DIGEST)),
    (0x0180, 1): ("policy.set", struct(policy=POLICY)),
    (0x0200, 1): ("member.added", struct(role=ROLE)),
    (0x0201, 1): ("member.role_changed", change(ROLE)),
    (0x0202, 1): ("member.profile_changed", DETAIL),
    (0x0203, 1): ("member.removed", NOTHING),
    (0x0300, 1): ("key.created", CREATED),
    (0x0301, 1): ("key.renamed", change(text)),
    (0x0302, 1): ("key.description_changed", DETAIL),
    (0x0303, 1): ("key.scopes_changed", change(text_set)),
    (0x0304, 1): ("key.origins_changed", change(list_of(ORIGIN))),
    (0x0305, 1): ("key.missing_origin_changed", change(boolean)),
    (0x0306, 1): ("key.addresses_changed", change(list_of(network))),
    (0x0307, 1): ("key.start_changed", change(optional(time))),
    (0x0308, 1): ("key.expiry_changed", change(optional(time))),
    (0x0309, 1): ("key.metadata_changed", DETAIL),
    (0x030A, 1): ("key.external_id_changed", DETAIL),
    (0x030B, 1): ("key.owner_changed", change(MEMBER)),
    (0x030C, 1): ("key.rate_limit_changed", change(optional(RATE))),
    (0x030D, 1): ("key.rotated", struct(secret=SECRET, retired=SECRET_ID, retires_at=time)),
    (0x030E, 1): ("key.overlap_ended", struct(retired=SECRET_ID)),
    (0x030F, 1): ("key.suspended", NOTHING),
    (0x0310, 1): ("key.resumed", NOTHING),
    (0x0311, 1): ("key.revoked", struct(code=CODE)),
    (0x0312, 1): ("key.compromised", NOTHING),
    (0x0313, 1): ("key.replaced", struct(by=KEY)),
    (0x0314, 1): ("key.imported", CREATED),
    (0x0380, 1): ("key.expired", struct(expired_at=time)),
    (0x0381, 1): ("key.secret_retired", struct(secret=SECRET_ID, retired_at=time)),
    (0x0382, 1): ("key.retired_secret_presented", struct(secret=SECRET_ID)),
    (0x0383, 1): ("key.secret_replayed", struct(secret=SECRET_ID)),
    (0x0384, 1): ("key.expiring", struct(expires_at=time, days=varint(32))),
    (0x0385, 1): ("key.looked_up", struct(secret=optional(SECRET_ID))),
    (0x0386, 1): ("key.leak_reported", struct(secret=SECRET_ID, reporter=text, signing_key=text)),
}


def read_leaf(data):
    r = Reader(data)
    out = struct(format=u8, position=u64, time=time, id=ident("evt_"), workspace=WORKSPACE,
                 workspace_seq=u64)(r)
    need(out["format"] == 1, "unknown format")
    kind = enum(*STREAMS)(r)
    out["stream"] = {"kind": kind, "id": STREAMS[kind](r)}
    out["version"] = u32(r)
    tag, out["payload_version"] = u16(r), u8(r)
    need((tag, out["payload_version"]) in PAYLOADS, "unknown type or payload version")
    out["type"], fields = PAYLOADS[tag, out["payload_version"]]
    actor = enum(*ACTORS)(r)
    out["actor"] = {"kind": actor, "id": ACTORS[actor](r), "acting_key": optional(KEY)(r)}
    out |= struct(actor_commitment=optional(DIGEST), subject_commitment=optional(DIGEST),
                  request_id=text16, reason=text16, payload=fields)(r)
    r.end()
    return out


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def checked(data):
    need(len(data) >= 4 and crc32c(data[:-4]) == int.from_bytes(data[-4:], "big"), "wrong checksum")
    return Reader(data[:-4])


def elements(r, count):
    rows = [(u32(r), u32(r)) for _ in range(count)]
    begin, area, out = 0, Reader(r.data[r.at:]), []
    for end, checksum in rows:
        need(begin <= end, "ends fall")
        out.append(area.raw(end - begin))
        need(crc32c(out[-1]) == checksum, "wrong checksum of an element")
        begin = end
    r.raw(begin)
    return out


def read_frame(data):
    r = checked(data)
    need(r.raw(4) == b"KLF\x01", "not a frame")
    out = struct(log_id=LOG, first_position=u64, frame_id=hexed(16))(r)
    count = u32(r)
    need(1 <= count <= 1024, "wrong count")
    leaves = elements(r, count)
    need(all(0 < len(leaf) <= 65535 for leaf in leaves), "wrong size of a leaf")
    need(sum(map(len, leaves)) <= 1 << 20, "frame too large")
    out["leaves"] = [read_leaf(leaf) for leaf in leaves]
    r.end()
    return out


def read_side(data):
    r = checked(data)
    need(r.raw(4) == b"KLS\x01", "not a side object")
    frame_id = r.raw(16).hex()
    count, calls = u32(r), u32(r)
    need(calls <= count <= 1024, "wrong count")
    blob = optional(lambda s: {"salt": s.raw(32).hex(), "bytes": s.raw(u32(s)).hex()})
    events = []
    for element in elements(r, count):
        inner = Reader(element)
        events.append(struct(actor=blob, subject=blob)(inner))
        inner.end()
    call = struct(scope=DIGEST, request=DIGEST, first=u32, count=u32)
    out = {"frame_id": frame_id, "events": events, "calls": [call(r) for _ in range(calls)]}
    need(all(1 <= c["count"] <= count - c["first"] for c in out["calls"]), "wrong call")
    r.end()
    return out


def raw_text(r):
    return r.raw(varint(64)(r)).decode("utf-8", "replace")


def metadata(r):
    pairs = list_of(lambda s: (raw_text(s), raw_text(s)))(r)
    keys = [key.encode() for key, _ in pairs]
    need(all(a < b for a, b in zip(keys, keys[1:])), "metadata not sorted")
    return dict(pairs)


BLOBS = {
    (1, 1): ("actor_details",
             struct(ip=raw_text, user_agent=raw_text, on_behalf_of=raw_text)),
    (2, 1): ("member_profile", struct(name=raw_text, email=raw_text)),
    (3, 1): ("key_details", struct(description=optional(raw_text), metadata=optional(metadata),
                                   external_id=optional(raw_text))),
    (4, 1): ("leak_details", struct(type=raw_text, url=raw_text, source=raw_text)),
}


def read_blob(data):
    r = Reader(data)
    kind, version = u8(r), u8(r)
    need((kind, version) in BLOBS, "unknown kind or version")
    name, fields = BLOBS[kind, version]
    out = {"kind": name, "version": version, **fields(r)}
    r.end()
    return out


VERDICTS = dict(enumerate((
    "REVOKED", "COMPROMISED", "EXPIRED", "SUSPENDED", "NOT_YET_VALID", "SECRET_RETIRED", "ENVIRONMENT_NOT_ALLOWED",
    "IP_NOT_ALLOWED", "ORIGIN_NOT_ALLOWED", "ENDPOINT_NOT_ALLOWED", "SCOPE_NOT_GRANTED", "RATE_LIMITED", "VALID"), 3))


def read_usage(data):
    """The rows that a usage digest is over."""
    r, rows = Reader(data), []
    while r.at < len(data):
        row = {"key": ident("key_")(r), "verdicts": {}}
        last = 0
        for _ in range(u8(r)):
            number, count = u8(r), u64(r)
            need(number in VERDICTS and number > last and count > 0, "no verdict, not in order, or never given")
            row["verdicts"][VERDICTS[number]] = count
            last = number
        row["last_used_at"] = time(r)
        need(not rows or rows[-1]["key"] < row["key"], "keys are not in order")
        rows.append(row)
    return rows


READERS = {"leaf": read_leaf, "frame": read_frame, "side": read_side, "blob": read_blob,
           "usage": read_usage}

if __name__ == "__main__":
    decoded = READERS[sys.argv[1]](bytes.fromhex(sys.stdin.read()))
    print(json.dumps(decoded, indent=2, ensure_ascii=False))
