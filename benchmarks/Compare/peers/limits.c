/* What this machine allows at the most: the work of the benchmarks, done by bare
 * system calls and plain stores to shared memory.
 *
 *     limits [--quick] NAME...
 *
 * Each sample is a line: name TAB value TAB unit. Work whose data does not arrive
 * ends the program with an error, so a figure stands for work that was done. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static bool quick;

/* ---- what all of them need --------------------------------------------------- */

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "limits: %s: %s\n", what, errno ? strerror(errno) : "the data did not arrive");
    exit(1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sample(const char *name, double value, const char *unit)
{
    printf("%s\t%.6g\t%s\n", name, value, unit);
}

static int pick(int full, int less)
{
    return quick ? less : full;
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    return memory;
}

/* 0 in the child. What was printed so far must not be printed by the child again. */
static pid_t split(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0)
        alarm(60);
    return child;
}

static void join(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fail("waitpid");
    if (status != 0) {
        errno = 0;
        fail("a child failed");
    }
}

/* Where the two processes run: left to the scheduler, on one processor, or on two. A sleeper
 * on an idle processor must be woken by an interrupt, which costs ten times as much. */
enum place { ANY, ONE_CPU, TWO_CPUS };

static cpu_set_t allowed;

static void stay_on(int index)
{
    int count = CPU_COUNT(&allowed);
    cpu_set_t only;
    CPU_ZERO(&only);
    for (int cpu = 0, seen = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && seen++ == index % count)
            CPU_SET(cpu, &only);
    if (sched_setaffinity(0, sizeof only, &only))
        fail("sched_setaffinity");
}

static void roam(void)
{
    sched_setaffinity(0, sizeof allowed, &allowed);
}

static void settle(enum place place, bool child)
{
    if (place != ANY)
        stay_on(place == TWO_CPUS && child ? 1 : 0);
}

static inline void pause_a_moment(unsigned *spins)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
    if (++*spins % 2048 == 0)
        sched_yield(); /* whoever we wait for may need this processor */
}

static void futex_sleep(_Atomic uint32_t *word, uint32_t while_it_is)
{
    syscall(SYS_futex, word, FUTEX_WAIT, while_it_is, NULL, NULL, 0);
}

static void futex_wake_one(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void write_all(int descriptor, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        ssize_t count = write(descriptor, at, size);
        if (count < 0 && errno != EINTR)
            fail("write");
        if (count > 0)
            at += count, size -= (size_t)count;
    }
}

static bool read_all(int descriptor, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        ssize_t count = read(descriptor, at, size);
        if (count == 0 || (count < 0 && errno != EINTR))
            return false;
        if (count > 0)
            at += count, size -= (size_t)count;
    }
    return true;
}

/* ---- starting a program ------------------------------------------------------ */

static void spawn_true(const char *name, int unused)
{
    (void)unused;
    char *command[] = {"true", NULL};
    for (int i = -3; i < pick(100, 20); i++) {
        double start = seconds();
        pid_t child;
        errno = posix_spawnp(&child, "true", NULL, NULL, command, environ);
        if (errno)
            fail("posix_spawnp");
        join(child);
        if (i >= 0)
            sample(name, (seconds() - start) * 1e3, "ms");
    }
}

/* ---- there and back ---------------------------------------------------------- */

enum { BATCHES = 11 };

static void round_trips(const char *name, enum place place, int ours_in, int ours_out, int theirs_in, int theirs_out)
{
    pid_t child = split();
    uint64_t number;
    settle(place, child == 0);
    if (child == 0) {
        do {
            if (read(theirs_in, &number, sizeof number) != (ssize_t)sizeof number ||
                write(theirs_out, &number, sizeof number) != (ssize_t)sizeof number)
                _exit(1);
        } while (number != 0);
        _exit(0);
    }
    int count = pick(1500, 300);
    for (int batch = -1; batch < BATCHES; batch++) {
        double start = seconds();
        for (int i = 1; i <= count; i++) {
            number = (uint64_t)i;
            if (write(ours_out, &number, sizeof number) != (ssize_t)sizeof number ||
                read(ours_in, &number, sizeof number) != (ssize_t)sizeof number || number != (uint64_t)i)
                fail(name);
        }
        if (batch >= 0)
            sample(name, (seconds() - start) / count * 1e6, "us");
    }
    number = 0;
    write_all(ours_out, &number, sizeof number);
    join(child);
    roam();
}

static void pipe_round_trips(const char *name, int place)
{
    int there[2], back[2];
    if (pipe(there) || pipe(back))
        fail("pipe");
    round_trips(name, (enum place)place, back[0], there[1], there[0], back[1]);
    close(there[0]), close(there[1]), close(back[0]), close(back[1]);
}

static void seqpacket_round_trips(const char *name, int place)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
        fail("socketpair");
    round_trips(name, (enum place)place, pair[0], pair[0], pair[1], pair[1]);
    close(pair[0]), close(pair[1]);
}

/* Two processes hand one word to and fro: odd numbers are the child's to answer by the next even one. */
static void word_round_trips(const char *name, enum place place, bool spin)
{
    _Atomic uint32_t *word = share(4096);
    pid_t child = split();
    settle(place, child == 0);
    if (child == 0) {
        for (;;) {
            uint32_t value;
            for (unsigned spins = 0; (value = atomic_load_explicit(word, memory_order_acquire)) % 2 == 0;)
                if (spin)
                    pause_a_moment(&spins);
                else
                    futex_sleep(word, value);
            if (value == UINT32_MAX)
                _exit(0);
            atomic_store_explicit(word, value + 1, memory_order_release);
            if (!spin)
                futex_wake_one(word);
        }
    }
    int count = pick(1500, 300) * (spin ? 10 : 1);
    uint32_t value = 0;
    for (int batch = -1; batch < BATCHES; batch++) {
        double start = seconds();
        for (int i = 0; i < count; i++) {
            atomic_store_explicit(word, ++value, memory_order_release);
            if (!spin)
                futex_wake_one(word);
            for (unsigned spins = 0; atomic_load_explicit(word, memory_order_acquire) == value;)
                if (spin)
                    pause_a_moment(&spins);
                else
                    futex_sleep(word, value);
            value++;
        }
        double each = (seconds() - start) / count;
        if (batch >= 0)
            sample(name, each * (spin ? 1e9 : 1e6), spin ? "ns" : "us");
    }
    atomic_store(word, UINT32_MAX);
    futex_wake_one(word);
    join(child);
    roam();
    munmap(word, 4096);
}

static void futex_round_trips(const char *name, int place)
{
    word_round_trips(name, (enum place)place, false);
}

static void spinning_round_trips(const char *name, int unused)
{
    (void)unused;
    if (CPU_COUNT(&allowed) > 1)
        word_round_trips(name, TWO_CPUS, true);
}

/* ---- rings of 8-byte messages ------------------------------------------------ */

enum { CELLS = 1 << 14, MOST_PRODUCERS = 2 };

struct ring { /* one producer, one consumer */
    alignas(64) _Atomic uint64_t written;
    alignas(64) _Atomic uint64_t taken;
    alignas(64) uint64_t cells[CELLS];
};

struct ticket_ring { /* any number of producers */
    alignas(64) _Atomic uint64_t next;
    alignas(64) struct { _Atomic uint64_t turn; uint64_t message; } cells[CELLS];
};

struct arena {
    alignas(64) _Atomic uint32_t ready;
    alignas(64) _Atomic uint32_t open;
    struct ring rings[MOST_PRODUCERS];
    struct ticket_ring tickets;
};

static void produce(struct ring *ring, uint64_t count)
{
    uint64_t taken = 0;
    unsigned spins = 0;
    for (uint64_t i = 0; i < count; i++) {
        while (i - taken == CELLS) {
            taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
            if (i - taken == CELLS)
                pause_a_moment(&spins);
        }
        ring->cells[i % CELLS] = i;
        atomic_store_explicit(&ring->written, i + 1, memory_order_release);
    }
}

static uint64_t consume(struct ring *rings, int producers, uint64_t total)
{
    uint64_t sum = 0, got = 0, at[MOST_PRODUCERS] = {0};
    for (unsigned spins = 0; got < total;) {
        uint64_t before = got;
        for (int p = 0; p < producers; p++) {
            uint64_t written = atomic_load_explicit(&rings[p].written, memory_order_acquire);
            if (written == at[p])
                continue;
            got += written - at[p];
            while (at[p] < written)
                sum += rings[p].cells[at[p]++ % CELLS];
            atomic_store_explicit(&rings[p].taken, written, memory_order_release);
        }
        if (got == before)
            pause_a_moment(&spins);
    }
    return sum;
}

static void produce_by_ticket(struct ticket_ring *ring, uint64_t count)
{
    unsigned spins = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t ticket = atomic_fetch_add_explicit(&ring->next, 1, memory_order_relaxed);
        while (atomic_load_explicit(&ring->cells[ticket % CELLS].turn, memory_order_acquire) != ticket)
            pause_a_moment(&spins);
        ring->cells[ticket % CELLS].message = i;
        atomic_store_explicit(&ring->cells[ticket % CELLS].turn, ticket + 1, memory_order_release);
    }
}

static uint64_t consume_by_ticket(struct ticket_ring *ring, uint64_t total)
{
    uint64_t sum = 0;
    unsigned spins = 0;
    for (uint64_t i = 0; i < total; i++) {
        while (atomic_load_explicit(&ring->cells[i % CELLS].turn, memory_order_acquire) != i + 1)
            pause_a_moment(&spins);
        sum += ring->cells[i % CELLS].message;
        atomic_store_explicit(&ring->cells[i % CELLS].turn, i + CELLS, memory_order_release);
    }
    return sum;
}

static void messages(const char *name, int producers, bool tickets)
{
    uint64_t share_of_one = (uint64_t)pick(4000000, 1000000) / (uint64_t)producers, total = share_of_one * (uint64_t)producers;
    for (int repetition = -1; repetition < pick(5, 3); repetition++) {
        struct arena *arena = share(sizeof *arena);
        for (uint64_t i = 0; i < CELLS; i++)
            arena->tickets.cells[i].turn = i;
        pid_t children[MOST_PRODUCERS];
        for (int p = 0; p < producers; p++) {
            children[p] = split();
            if (children[p] == 0) {
                stay_on(p + 1);
                atomic_fetch_add(&arena->ready, 1);
                for (unsigned spins = 0; !atomic_load(&arena->open);)
                    pause_a_moment(&spins);
                if (tickets)
                    produce_by_ticket(&arena->tickets, share_of_one);
                else
                    produce(&arena->rings[p], share_of_one);
                _exit(0);
            }
        }
        stay_on(0);
        for (unsigned spins = 0; atomic_load(&arena->ready) < (uint32_t)producers;)
            pause_a_moment(&spins);
        double start = seconds();
        atomic_store(&arena->open, 1);
        uint64_t sum = tickets ? consume_by_ticket(&arena->tickets, total) : consume(arena->rings, producers, total);
        double took = seconds() - start;
        roam();
        for (int p = 0; p < producers; p++)
            join(children[p]);
        munmap(arena, sizeof *arena);
        errno = 0;
        if (sum != (uint64_t)producers * (share_of_one * (share_of_one - 1) / 2))
            fail(name);
        if (repetition >= 0)
            sample(name, (double)total / took / 1e6, "Mmsg/s");
    }
}

static void ring_messages(const char *name, int producers)
{
    messages(name, producers, false);
}

static void ticket_messages(const char *name, int producers)
{
    messages(name, producers, true);
}

/* ---- 64 MiB at a time -------------------------------------------------------- */

static const size_t bulk = (size_t)64 << 20;

static double gib_a_second(double took)
{
    return (double)bulk / took / (double)(1u << 30);
}

static char *filled(int with)
{
    char *memory = malloc(bulk);
    if (!memory)
        fail("malloc");
    memset(memory, with, bulk);
    return memory;
}

/* The sender copies into shared pages; the reader uses them there, or copies them out as well. */
static void shared_copies(const char *name, int copies)
{
    char *source = filled(0), *box = share(bulk);
    _Atomic uint32_t *turn = share(4096); /* 0: the sender's, 1: the reader's, 2: the end */
    pid_t child = split();
    if (child == 0) {
        char *target = filled(-1);
        for (char expected = 1;; expected++) {
            uint32_t whose;
            while ((whose = atomic_load(turn)) == 0)
                futex_sleep(turn, 0);
            if (whose == 2)
                _exit(0);
            const char *arrived = box;
            if (copies == 2)
                arrived = memcpy(target, box, bulk);
            if (arrived[0] != expected || arrived[bulk - 1] != expected)
                _exit(1);
            atomic_store(turn, 0);
            futex_wake_one(turn);
        }
    }
    int count = pick(10, 4);
    for (int i = 0; i <= count; i++) {
        source[0] = source[bulk - 1] = (char)(i + 1);
        double start = seconds();
        memcpy(box, source, bulk);
        atomic_store(turn, 1);
        futex_wake_one(turn);
        while (atomic_load(turn) == 1) {
            struct timespec deadline = {5, 0}; /* a reader that gave up wakes nobody */
            if (syscall(SYS_futex, turn, FUTEX_WAIT, 1, &deadline, NULL, 0) && errno == ETIMEDOUT)
                fail(name);
        }
        if (i > 0)
            sample(name, gib_a_second(seconds() - start), "GiB/s");
    }
    atomic_store(turn, 2);
    futex_wake_one(turn);
    join(child);
    free(source);
    munmap(box, bulk), munmap((void *)turn, 4096);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Whether the buffer is still in the cache depends on where the two run: the limit is the best of the three places. */
static void through_the_kernel(const char *name, int socket)
{
    enum { MOST = 8 };
    double rates[TWO_CPUS + 1][MOST];
    int count = pick(6, 3), best = ANY;
    char *source = filled(0);
    for (int place = ANY; place <= TWO_CPUS; place++) {
        int data[2], back[2];
        if ((socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, data) : pipe(data)) || pipe(back))
            fail("pipe");
        pid_t child = split();
        settle((enum place)place, child == 0);
        if (child == 0) {
            close(data[1]);
            char *target = filled(-1);
            for (char expected = 1; read_all(data[0], target, bulk); expected++) {
                if (target[0] != expected || target[bulk - 1] != expected)
                    _exit(1);
                write_all(back[1], &expected, 1);
            }
            _exit(0);
        }
        close(data[0]), close(back[1]);
        for (int i = 0; i <= count; i++) {
            char answer;
            source[0] = source[bulk - 1] = (char)(i + 1);
            double start = seconds();
            write_all(data[1], source, bulk);
            if (!read_all(back[0], &answer, 1) || answer != (char)(i + 1))
                fail(name);
            if (i > 0)
                rates[place][i - 1] = gib_a_second(seconds() - start);
        }
        close(data[1]), close(back[0]);
        join(child);
        roam();
        qsort(rates[place], (size_t)count, sizeof(double), ascending);
        if (rates[place][count / 2] > rates[best][count / 2])
            best = place;
    }
    free(source);
    for (int i = 0; i < count; i++)
        sample(name, rates[best][i], "GiB/s");
}

/* ---- which there are --------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(const char *name, int argument);
    int argument;
} all[] = {
    {"posix_spawn_true", spawn_true, 0},
    {"pipe_rtt", pipe_round_trips, ANY},
    {"pipe_rtt_1cpu", pipe_round_trips, ONE_CPU},
    {"pipe_rtt_2cpu", pipe_round_trips, TWO_CPUS},
    {"unix_seqpacket_rtt", seqpacket_round_trips, ANY},
    {"unix_seqpacket_rtt_1cpu", seqpacket_round_trips, ONE_CPU},
    {"unix_seqpacket_rtt_2cpu", seqpacket_round_trips, TWO_CPUS},
    {"futex_rtt", futex_round_trips, ANY},
    {"futex_rtt_1cpu", futex_round_trips, ONE_CPU},
    {"futex_rtt_2cpu", futex_round_trips, TWO_CPUS},
    {"spin_shm_rtt", spinning_round_trips, 0},
    {"ring_1p1c", ring_messages, 1},
    {"ring_2p1c_two_spsc", ring_messages, 2},
    {"ring_2p1c_mpsc", ticket_messages, 2},
    {"shm_one_copy", shared_copies, 1},
    {"shm_two_copies", shared_copies, 2},
    {"pipe_bulk", through_the_kernel, 0},
    {"unix_stream_bulk", through_the_kernel, 1},
};

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    alarm(60);
    if (sched_getaffinity(0, sizeof allowed, &allowed))
        fail("sched_getaffinity");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            quick = true;
            continue;
        }
        size_t which = 0;
        while (which < sizeof all / sizeof *all && strcmp(all[which].name, argv[i]) != 0)
            which++;
        if (which == sizeof all / sizeof *all) {
            fprintf(stderr, "limits: there is no %s\n", argv[i]);
            return 2;
        }
        errno = 0;
        all[which].run(all[which].name, all[which].argument);
    }
    return 0;
}
