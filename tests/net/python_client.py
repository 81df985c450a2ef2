"""gRPC's own client, from Debian's python3-grpcio, against the test server: every kind of call.

    python_client.py <path of net_test_server>

Raw bytes only: no generated code is needed. Ends with a line that counts what was checked.
"""

import subprocess
import sys
import threading

import grpc

CHECKS = 0


def check(condition, what):
    global CHECKS
    CHECKS += 1
    if not condition:
        raise SystemExit(f"failed: {what}")


def error_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise SystemExit("failed: the call should not have succeeded")


def unary_calls(channel):
    echo = channel.unary_unary("/keel.test.Echo/Unary")
    for size in (0, 1, 5, 16_384, 65_536, 1_000_000, 2_000_000):
        body = bytes(i * 7 % 256 for i in range(256)) * (size // 256 + 1)
        check(echo(body[:size]) == body[:size], f"echo of {size} bytes")
    futures = [echo.future(b"%d" % i) for i in range(2000)]
    for i, future in enumerate(futures):
        check(future.result() == b"%d" % i, "2,000 calls at once")


def errors(channel):
    fail = channel.unary_unary("/keel.test.Echo/Fail")
    codes = {code.value[0]: code for code in grpc.StatusCode}
    for number in range(1, 17):
        for text in ("", "plain", "100% \n\t\r", "é日本\U0001f600", " spaces ", "%41", "x" * 3000):
            got = error_of(lambda: fail(bytes([number]) + text.encode()))
            check(got == (codes[number], text), f"code {number}, message {text!r}: {got}")
    nope = channel.unary_unary("/keel.test.Echo/Nope")
    check(error_of(lambda: nope(b""))[0] == grpc.StatusCode.UNIMPLEMENTED, "an unknown method")
    nowhere = channel.unary_unary("/nowhere.Service/Nope")
    check(error_of(lambda: nowhere(b""))[0] == grpc.StatusCode.UNIMPLEMENTED, "an unknown service")
    echo = channel.unary_unary("/keel.test.Echo/Unary")
    code, text = error_of(lambda: echo(b"x" * 3_000_000))
    check(code == grpc.StatusCode.RESOURCE_EXHAUSTED, "a message that is too large")
    check("larger than max (3000000 vs. 2097152)" in text, text)


def metadata(channel):
    fields = channel.unary_unary("/keel.test.Echo/Fields")
    sent = [("x-echo", "there and back"), ("x-echo-bin", b"\x00\xff\x80")]
    response, call = fields.with_call(b"q", metadata=sent)
    check(response == b"q", "the response")
    for name, where in (("headers", call.initial_metadata()), ("trailers", call.trailing_metadata())):
        got = {field.key: field.value for field in where}
        check(got.get("x-echo") == "there and back", f"{name}: {got}")
        check(got.get("x-echo-bin") == b"\x00\xff\x80", f"{name}: {got}")


def streams(channel):
    count = channel.unary_stream("/keel.test.Echo/Count")
    messages = list(count(b"5000 2000"))
    check(len(messages) == 5000, "5,000 messages")
    check(all(int.from_bytes(m[:8], "little") == i for i, m in enumerate(messages)), "their order")
    upload = channel.stream_unary("/keel.test.Echo/Upload")
    check(upload(iter([b"u" * 100_000] * 100)) == b"100 10000000", "10 MB uploaded")
    chat = channel.stream_stream("/keel.test.Echo/Chat")
    check(list(chat(iter([]))) == [], "a silent chat")
    sent = [bytes([i % 256]) * (i * 100) for i in range(200)]
    check(list(chat(iter(sent))) == sent, "a long chat")
    more = threading.Event()

    def slow():
        yield b"one"
        more.wait()
        yield b"two"

    call = chat(slow())
    check(next(call) == b"one", "an answer while the client is still talking")
    more.set()
    check(next(call) == b"two", "and another")
    check(list(call) == [], "and the end")


def deadlines_and_cancels(channel):
    never = channel.unary_unary("/keel.test.Echo/Never")
    code, _ = error_of(lambda: never(b"", timeout=0.05))
    check(code == grpc.StatusCode.DEADLINE_EXCEEDED, f"a deadline: {code}")
    future = never.future(b"")
    future.cancel()
    check(future.code() == grpc.StatusCode.CANCELLED, "a cancelled call")
    count = channel.unary_stream("/keel.test.Echo/Count")
    call = count(b"1000000 10000")
    check(len(next(call)) == 10_000, "the first of many")
    call.cancel()
    check(call.code() == grpc.StatusCode.CANCELLED, "a cancelled stream")
    code, _ = error_of(lambda: list(count(b"1000000 10000", timeout=0.05)))
    check(code == grpc.StatusCode.DEADLINE_EXCEEDED, f"a deadline in a stream: {code}")
    echo = channel.unary_unary("/keel.test.Echo/Unary")
    check(echo(b"still there") == b"still there", "the connection after all that")


def compression(channel):
    echo = channel.unary_unary("/keel.test.Echo/Unary")
    body = b"compress me " * 50_000
    check(echo(body, compression=grpc.Compression.Gzip) == body, "gzip")
    refused = error_of(lambda: echo(body, compression=grpc.Compression.Deflate))
    check(refused[0] == grpc.StatusCode.UNIMPLEMENTED, f"deflate: {refused}")
    chat = channel.stream_stream("/keel.test.Echo/Chat")
    sent = [b"z" * size for size in (0, 10, 100_000)]
    check(list(chat(iter(sent), compression=grpc.Compression.Gzip)) == sent, "gzip in a stream")


def health(channel):
    # HealthCheckRequest{service} and HealthCheckResponse{status}, by hand.
    ask = channel.unary_unary("/grpc.health.v1.Health/Check")
    check(ask(b"") == b"\x08\x01", "the server is serving")
    check(error_of(lambda: ask(b"\x0a\x04nope"))[0] == grpc.StatusCode.NOT_FOUND, "unknown service")
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
    call = watch(b"")
    check(next(call) == b"\x08\x01", "a watch tells the status at once")
    call.cancel()
    for version in ("v1", "v1alpha"):
        reflect = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
        # list_services = ""
        answers = list(reflect(iter([b"\x3a\x00"])))
        check(len(answers) == 1 and b"grpc.health.v1.Health" in answers[0], "the list of services")
        # file_containing_symbol = "grpc.health.v1.Health"
        answers = list(reflect(iter([b"\x22\x15grpc.health.v1.Health"])))
        check(b"health.proto" in answers[0], "the file of a service")


def main():
    server = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline())
        options = [("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
            parts = (unary_calls, errors, metadata, streams, deadlines_and_cancels, compression,
                     health)
            for part in parts:
                part(channel)
            server.stdin.close()
        check(server.wait(30) == 0, "the server drains and ends")
    finally:
        server.kill()
    print(f"{CHECKS} checks passed")


main()
