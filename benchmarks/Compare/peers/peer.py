"""The work of the benchmarks, done by Python's own multiprocessing: the peer.

    peer.py [--quick] NAME...

Python 3.11 or later. Each sample is a line: name TAB value TAB unit. Work whose data does not arrive raises.
Children of the spawn method import this file again, so it imports little and does nothing by itself.
"""
import multiprocessing
import os
import sys
import time

MIB = 1 << 20
GIB = 1 << 30
ALLOWED = sorted(os.sched_getaffinity(0))

quick = False


def pick(full, less):
    return less if quick else full


def sample(name, value, unit):
    print(f"{name}\t{value:.6g}\t{unit}", flush=True)


def check(truth, name):
    if not truth:
        raise SystemExit(f"{name}: the data did not arrive")


def stay_on(index):
    """As limits.c does: on one of the processors that this process may use."""
    os.sched_setaffinity(0, {ALLOWED[index % len(ALLOWED)]})


def roam():
    os.sched_setaffinity(0, ALLOWED)


# ---- starting a process ------------------------------------------------------------

def nothing():
    pass


def answer(connection):
    connection.send(42)
    connection.close()


def start_and_join(name):
    context = multiprocessing.get_context("spawn")
    for i in range(-1, pick(15, 4)):
        start = time.perf_counter()
        process = context.Process(target=nothing)
        process.start()
        process.join()
        took = time.perf_counter() - start
        check(process.exitcode == 0, name)
        if i >= 0:
            sample(name, took * 1e3, "ms")


def first_result(name):
    context = multiprocessing.get_context("spawn")
    for i in range(-1, pick(15, 4)):
        start = time.perf_counter()
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(target=answer, args=(writer,))
        process.start()
        writer.close()
        result = reader.recv()
        took = time.perf_counter() - start
        check(result == 42, name)
        process.join()
        reader.close()
        if i >= 0:
            sample(name, took * 1e3, "ms")


# ---- there and back ----------------------------------------------------------------

ANY, ONE_CPU, TWO_CPUS = None, 0, 1  # where the echo is; this process is on the first processor then


def echo(connection, raw, place):
    if place is not ANY:
        stay_on(place)
    receive, send = (connection.recv_bytes, connection.send_bytes) if raw else (connection.recv, connection.send)
    while message := receive():
        send(message)


def round_trips(raw, place):
    def run(name):
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=echo, args=(theirs, raw, place))
        process.start()
        if place is not ANY:
            stay_on(0)
        send, receive, message, end = (ours.send_bytes, ours.recv_bytes, b"8 bytes.", b"") if raw else (ours.send, ours.recv, 1, 0)
        count = pick(1000, 300)
        for batch in range(-1, 11):
            start = time.perf_counter()
            for _ in range(count):
                send(message)
                back = receive()
            took = time.perf_counter() - start
            check(back == message, name)
            if batch >= 0:
                sample(name, took / count * 1e6, "us")
        send(end)
        process.join()
        roam()
        check(process.exitcode == 0, name)
    return run


# ---- 64 MiB at a time --------------------------------------------------------------

def sink(connection, acknowledgement, raw, row):
    """Acknowledges each row of messages by the bytes that arrived in it."""
    receive = connection.recv_bytes if raw else connection.recv
    while True:
        total = 0
        for _ in range(row):
            data = receive()
            if not data:
                return
            total += len(data) if data[0] == data[-1] == ord("x") else 0
        acknowledgement.send(total)


def bulk(duplex, raw, row, repetitions):
    def run(name):
        context = multiprocessing.get_context("fork")
        reader, writer = context.Pipe(duplex)
        here, there = context.Pipe(duplex=False)
        messages = row if row == 1 else pick(row, 3)
        process = context.Process(target=sink, args=(reader, there, raw, messages))
        process.start()
        send = writer.send_bytes if raw else writer.send
        data = b"x" * (64 * MIB)
        for _ in range(pick(repetitions, 1)):
            start = time.perf_counter()
            for _ in range(messages):
                send(data)
            arrived = here.recv()
            took = time.perf_counter() - start
            check(arrived == messages * len(data), name)
            sample(name, messages * len(data) / GIB / took, "GiB/s")
        send(b"")
        process.join()
        check(process.exitcode == 0, name)
    return run


# ---- queues ------------------------------------------------------------------------

class Trade:
    def __init__(self, number, symbol, price):
        self.number = number
        self.symbol = symbol
        self.price = price


def produce(queue, gate, count, index, records):
    stay_on(index)
    gate.recv()
    for i in range(count):
        queue.put(Trade(i, "MSFT", i * 0.5) if records else i)


def messages(kind, producers, records=False):
    def run(name):
        context = multiprocessing.get_context("fork")
        count = pick(40000, 15000) // producers
        for _ in range(pick(3, 2)):
            queue = getattr(context, kind)()
            gates, processes = [], []
            for i in range(producers):
                gate, opener = context.Pipe(duplex=False)
                process = context.Process(target=produce, args=(queue, gate, count, i + 1, records))
                process.start()
                gates.append(opener)
                processes.append(process)
            stay_on(0)
            total = 0
            start = time.perf_counter()
            for opener in gates:
                opener.send(None)
            for _ in range(count * producers):
                item = queue.get()
                total += item.number if records else item
            took = time.perf_counter() - start
            roam()
            for process in processes:
                process.join()
            check(total == producers * (count * (count - 1) // 2), name)
            sample(name, count * producers / took / 1e3, "kmsg/s")
    return run


ALL = {
    "process_start_join_spawn": start_and_join,
    "process_first_result_spawn": first_result,
    "pipe_rtt": round_trips(False, ANY),
    "pipe_rtt_1cpu": round_trips(False, ONE_CPU),
    "pipe_rtt_2cpu": round_trips(False, TWO_CPUS),
    "pipe_bytes_rtt": round_trips(True, ANY),
    "pipe_bytes_rtt_1cpu": round_trips(True, ONE_CPU),
    "pipe_bytes_rtt_2cpu": round_trips(True, TWO_CPUS),
    "pipe_bulk": bulk(False, False, 1, 3),
    "pipe_duplex_bulk": bulk(True, False, 1, 3),
    "pipe_bulk_x20": bulk(False, False, 20, 1),
    "pipe_bulk_bytes_x20": bulk(False, True, 20, 1),
    "queue_1p1c": messages("Queue", 1),
    "queue_2p1c": messages("Queue", 2),
    "queue_4p1c": messages("Queue", 4),
    "queue_8p1c": messages("Queue", 8),
    "queue_records_1p1c": messages("Queue", 1, records=True),
    "simplequeue_1p1c": messages("SimpleQueue", 1),
    "simplequeue_2p1c": messages("SimpleQueue", 2),
}


def main(arguments):
    global quick
    for argument in arguments:
        if argument == "--quick":
            quick = True
        elif argument in ALL:
            ALL[argument](argument)
        else:
            raise SystemExit(f"peer.py: there is no {argument}")


if __name__ == "__main__":
    main(sys.argv[1:])
