#define _GNU_SOURCE
#include "CLiteStackFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { FAULT_LIMIT = 64 };

struct fault {
    int is_armed, operation, skip, count, error, hits;
    char suffix[1024];
};

static struct fault faults[FAULT_LIMIT];
static atomic_int armed_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int litestack_fault_arm(int operation, const char *suffix, int skip, int count, int error) {
    pthread_mutex_lock(&lock);
    int number = -1;
    for (int i = 0; i < FAULT_LIMIT && number < 0; i++) {
        if (faults[i].is_armed) { continue; }
        number = i;
        faults[i] = (struct fault){.is_armed = 1, .operation = operation, .skip = skip, .count = count, .error = error};
        snprintf(faults[i].suffix, sizeof faults[i].suffix, "%s", suffix);
        atomic_fetch_add(&armed_count, 1);
    }
    pthread_mutex_unlock(&lock);
    return number;
}

int litestack_fault_disarm(int fault) {
    if (fault < 0 || fault >= FAULT_LIMIT) { return 0; }
    pthread_mutex_lock(&lock);
    int hits = faults[fault].hits;
    if (faults[fault].is_armed) { atomic_fetch_sub(&armed_count, 1); }
    faults[fault].is_armed = 0;
    pthread_mutex_unlock(&lock);
    return hits;
}

int litestack_fault_hits(int fault) {
    if (fault < 0 || fault >= FAULT_LIMIT) { return 0; }
    pthread_mutex_lock(&lock);
    int hits = faults[fault].hits;
    pthread_mutex_unlock(&lock);
    return hits;
}

#if defined(__linux__)

/// The error that a call shall fail with, or zero.
static int error_for(int operation, int descriptor) {
    if (atomic_load(&armed_count) == 0) { return 0; }
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path);
    if (length <= 0) { return 0; }
    int error = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < FAULT_LIMIT && error == 0; i++) {
        struct fault *fault = &faults[i];
        if (!fault->is_armed || fault->operation != operation) { continue; }
        size_t end = strlen(fault->suffix);
        if (end > (size_t)length || memcmp(path + length - end, fault->suffix, end) != 0) { continue; }
        if (fault->skip > 0) {
            fault->skip--;
        } else if (fault->hits < fault->count) {
            fault->hits++;
            error = fault->error;
        }
    }
    pthread_mutex_unlock(&lock);
    return error;
}

static int fails(int operation, int descriptor) {
    int error = error_for(operation, descriptor);
    if (error == 0) { return 0; }
    errno = error;
    return 1;
}

int fdatasync(int descriptor) {
    if (fails(LITESTACK_FAULT_FDATASYNC, descriptor)) { return -1; }
    static int (*real)(int);
    if (!real) { real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync"); }
    return real(descriptor);
}

int fsync(int descriptor) {
    if (fails(LITESTACK_FAULT_FSYNC, descriptor)) { return -1; }
    static int (*real)(int);
    if (!real) { real = (int (*)(int))dlsym(RTLD_NEXT, "fsync"); }
    return real(descriptor);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    if (fails(LITESTACK_FAULT_PWRITE, descriptor)) { return -1; }
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) { real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64"); }
    return real(descriptor, bytes, count, offset);
}

int ftruncate64(int descriptor, off64_t length) {
    if (fails(LITESTACK_FAULT_FTRUNCATE, descriptor)) { return -1; }
    static int (*real)(int, off64_t);
    if (!real) { real = (int (*)(int, off64_t))dlsym(RTLD_NEXT, "ftruncate64"); }
    return real(descriptor, length);
}

#endif
