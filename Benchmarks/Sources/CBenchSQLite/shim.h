// The raw side of the benchmarks: sqlite3.h, and what Swift cannot call in it.
#ifndef LITESTACK_BENCH_SQLITE_SHIM_H
#define LITESTACK_BENCH_SQLITE_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// Binds without a copy: the bytes must stay until the statement is reset, which is what a careful C caller does.
static inline int bench_bind_text(sqlite3_stmt *statement, int index, const char *bytes, int count) {
    return sqlite3_bind_text(statement, index, bytes, count, SQLITE_STATIC);
}

static inline int bench_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_STATIC);
}

/// Nanoseconds of a clock that all processes of this machine share.
static inline uint64_t bench_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/// Nanoseconds of CPU time that this process has used.
static inline uint64_t bench_cpu_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/// A blocking connection to a Unix socket; -1 if there is none.
static inline int bench_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) return -1;
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

/// Lets a thread run on the first core only, or on any of 1,024.
static inline int bench_keep_on_one_core(pid_t thread, int is_kept) {
#ifdef __linux__
    unsigned long mask[16];
    memset(mask, is_kept ? 0 : 0xff, sizeof(mask));
    if (is_kept) mask[0] = 1;
    extern int sched_setaffinity(pid_t, size_t, const void *);
    return sched_setaffinity(thread, sizeof(mask), (const void *)mask);
#else
    return -1;
#endif
}

#endif
