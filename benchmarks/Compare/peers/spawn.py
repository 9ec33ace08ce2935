"""For each line read, starts and joins one spawned process that does nothing; answers with the milliseconds it took."""
import multiprocessing
import sys
import time


def nothing():
    pass


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    for _ in sys.stdin:
        start = time.perf_counter()
        process = context.Process(target=nothing)
        process.start()
        process.join()
        print((time.perf_counter() - start) * 1000, flush=True)
