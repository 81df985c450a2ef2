"""XXH3-64 with a seed, in plain Python, from the algorithm's public description."""

import struct

MASK32 = (1 << 32) - 1
MASK64 = (1 << 64) - 1

PRIME32_1, PRIME32_2, PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64_1, PRIME64_2, PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
PRIME64_4, PRIME64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
PRIME_MX1, PRIME_MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")


def u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def u64(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def swap32(value):
    return int.from_bytes(value.to_bytes(4, "little"), "big")


def swap64(value):
    return int.from_bytes(value.to_bytes(8, "little"), "big")


def rotl64(value, by):
    return ((value << by) | (value >> (64 - by))) & MASK64


def fold(a, b):
    product = a * b
    return (product & MASK64) ^ (product >> 64)


def xxh64_avalanche(h):
    h = ((h ^ (h >> 33)) * PRIME64_2) & MASK64
    h = ((h ^ (h >> 29)) * PRIME64_3) & MASK64
    return h ^ (h >> 32)


def avalanche(h):
    h = ((h ^ (h >> 37)) * PRIME_MX1) & MASK64
    return h ^ (h >> 32)


def rrmxmx(h, length):
    h ^= rotl64(h, 49) ^ rotl64(h, 24)
    h = (h * PRIME_MX2) & MASK64
    h ^= (h >> 35) + length
    h = (h * PRIME_MX2) & MASK64
    return h ^ (h >> 28)


def mix16(data, at, secret_at, seed):
    low = u64(SECRET, secret_at) + seed & MASK64
    high = u64(SECRET, secret_at + 8) - seed & MASK64
    return fold(u64(data, at) ^ low, u64(data, at + 8) ^ high)


def short(data, seed):
    """Up to 16 bytes."""
    n = len(data)
    if n > 8:
        flip_low = (u64(SECRET, 24) ^ u64(SECRET, 32)) + seed & MASK64
        flip_high = (u64(SECRET, 40) ^ u64(SECRET, 48)) - seed & MASK64
        low = u64(data, 0) ^ flip_low
        high = u64(data, n - 8) ^ flip_high
        return avalanche((n + swap64(low) + high + fold(low, high)) & MASK64)
    if n >= 4:
        seed ^= swap32(seed & MASK32) << 32
        flip = (u64(SECRET, 8) ^ u64(SECRET, 16)) - seed & MASK64
        value = (u32(data, n - 4) + (u32(data, 0) << 32)) & MASK64
        return rrmxmx(value ^ flip, n)
    if n > 0:
        combined = data[0] << 16 | data[n >> 1] << 24 | data[n - 1] | n << 8
        flip = (u32(SECRET, 0) ^ u32(SECRET, 4)) + seed & MASK64
        return xxh64_avalanche(combined ^ flip)
    return xxh64_avalanche(seed ^ u64(SECRET, 56) ^ u64(SECRET, 64))


def medium(data, seed):
    """17 to 240 bytes."""
    n = len(data)
    total = n * PRIME64_1 & MASK64
    if n <= 128:
        for i in range((n - 1) // 32, -1, -1):
            total += mix16(data, 16 * i, 32 * i, seed)
            total += mix16(data, n - 16 * (i + 1), 32 * i + 16, seed)
        return avalanche(total & MASK64)
    for i in range(8):
        total += mix16(data, 16 * i, 16 * i, seed)
    total = avalanche(total & MASK64)
    for i in range(8, n // 16):
        total += mix16(data, 16 * i, 16 * (i - 8) + 3, seed)
    total += mix16(data, n - 16, 136 - 17, seed)
    return avalanche(total & MASK64)


def accumulate(lanes, data, at, secret, secret_at):
    values = struct.unpack_from("<8Q", data, at)
    keys = struct.unpack_from("<8Q", secret, secret_at)
    for i in range(8):
        key = values[i] ^ keys[i]
        lanes[i ^ 1] = lanes[i ^ 1] + values[i] & MASK64
        lanes[i] = lanes[i] + (key & MASK32) * (key >> 32) & MASK64


def scramble(lanes, secret):
    keys = struct.unpack_from("<8Q", secret, len(secret) - 64)
    for i in range(8):
        lanes[i] = ((lanes[i] ^ (lanes[i] >> 47) ^ keys[i]) * PRIME32_1) & MASK64


def long(data, seed):
    """More than 240 bytes."""
    secret = b"".join(
        struct.pack("<QQ", u64(SECRET, at) + seed & MASK64, u64(SECRET, at + 8) - seed & MASK64)
        for at in range(0, len(SECRET), 16))
    lanes = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3,
             PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1]
    n = len(data)
    stripes_per_block = (len(secret) - 64) // 8
    block = 64 * stripes_per_block
    blocks = (n - 1) // block
    for b in range(blocks):
        for i in range(stripes_per_block):
            accumulate(lanes, data, b * block + 64 * i, secret, 8 * i)
        scramble(lanes, secret)
    stripes = (n - 1 - block * blocks) // 64
    for i in range(stripes):
        accumulate(lanes, data, blocks * block + 64 * i, secret, 8 * i)
    accumulate(lanes, data, n - 64, secret, len(secret) - 64 - 7)
    total = n * PRIME64_1 & MASK64
    for i in range(4):
        total += fold(lanes[2 * i] ^ u64(secret, 11 + 16 * i),
                      lanes[2 * i + 1] ^ u64(secret, 11 + 16 * i + 8))
    return avalanche(total & MASK64)


def xxh3_64(data, seed=0):
    if len(data) <= 16:
        return short(data, seed)
    if len(data) <= 240:
        return medium(data, seed)
    return long(data, seed)
