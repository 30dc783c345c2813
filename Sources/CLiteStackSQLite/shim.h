// What Swift cannot call in sqlite3.h (macros, variadics), and the few inline functions that need C:
// atomic loads of the wal-index header, a thread-local, flock and inotify without Glibc's overloads.
#ifndef LITESTACK_SQLITE_SHIM_H
#define LITESTACK_SQLITE_SHIM_H

#include <stdio.h>
#include <stdlib.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <time.h>
#include <unistd.h>

// MARK: Binding without a copy's destructor constants, which are casts and invisible to Swift.

static inline int litestack_bind_text(sqlite3_stmt *statement, int index, const char *bytes, int count) {
    return sqlite3_bind_text(statement, index, bytes, count, SQLITE_TRANSIENT);
}

static inline int litestack_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    // A null pointer would bind NULL; an empty blob must stay an empty blob.
    if (count == 0) { return sqlite3_bind_zeroblob(statement, index, 0); }
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

static inline void litestack_result_text(sqlite3_context *context, const char *bytes, int count) {
    sqlite3_result_text(context, bytes, count, SQLITE_TRANSIENT);
}

static inline void litestack_result_blob(sqlite3_context *context, const void *bytes, int count) {
    if (count == 0) { sqlite3_result_zeroblob(context, 0); return; }
    sqlite3_result_blob(context, bytes, count, SQLITE_TRANSIENT);
}

// MARK: Variadic configuration.

static inline int litestack_db_config(sqlite3 *db, int option, int value) {
    return sqlite3_db_config(db, option, value, (int *)0);
}

/// Switches off SQLite's count of the memory it uses, as its makers advise (https://sqlite.org/compile.html, "Recommended
/// Compile-time Options"): each allocation of any connection would take one lock of the whole process. Does nothing if
/// SQLite is in use already.
static inline void litestack_stop_counting_memory(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

// MARK: The wal-index header (https://sqlite.org/walformat.html#the_wal_index_file_format).

typedef struct litestack_header { uint64_t word[6]; } litestack_header;

/// SQLite's own mapping of the first page of the wal-index. Valid until the last connection of this process closes.
static inline int litestack_wal_index(sqlite3 *db, void **page) {
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK) { return code; }
    if (!file || !file->pMethods || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap) { return SQLITE_NOTFOUND; }
    void volatile *mapped = 0;
    code = file->pMethods->xShmMap(file, 0, 32768, 0, &mapped);
    *page = (void *)mapped;
    return code;
}

/// Flushes the database file through SQLite's own descriptor: opening one of ours would drop its locks at close.
static inline int litestack_sync_database(sqlite3 *db) {
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK || !file || !file->pMethods) { return code; }
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/// Copies header copy 0 (48 bytes) with acquire ordering.
static inline litestack_header litestack_header_load(const void *page) {
    litestack_header result;
    const uint64_t *words = (const uint64_t *)page;
    for (int i = 0; i < 6; i++) { result.word[i] = __atomic_load_n(words + i, __ATOMIC_ACQUIRE); }
    return result;
}

/// Whether header copy 0 still holds these 48 bytes.
static inline _Bool litestack_header_matches(const void *page, const litestack_header *known) {
    const uint64_t *words = (const uint64_t *)page;
    uint64_t difference = 0;
    for (int i = 0; i < 6; i++) { difference |= __atomic_load_n(words + i, __ATOMIC_ACQUIRE) ^ known->word[i]; }
    return difference == 0;
}

/// Whether the two header copies differ: a writer is between them, or died there.
static inline _Bool litestack_header_torn(const void *page) {
    const uint64_t *words = (const uint64_t *)page;
    uint64_t difference = 0;
    for (int i = 0; i < 6; i++) {
        difference |= __atomic_load_n(words + i, __ATOMIC_ACQUIRE) ^ __atomic_load_n(words + 6 + i, __ATOMIC_ACQUIRE);
    }
    return difference != 0;
}

/// mxFrame: the number of valid frames in the WAL.
static inline uint32_t litestack_wal_frames(const void *page) {
    return __atomic_load_n((const uint32_t *)page + 4, __ATOMIC_ACQUIRE);
}

/// nBackfill: how many of those frames are already in the database file.
static inline uint32_t litestack_wal_backfilled(const void *page) {
    return __atomic_load_n((const uint32_t *)page + 24, __ATOMIC_ACQUIRE);
}

// MARK: What is kept for each thread.

typedef struct litestack_thread {
    void *access;     // the innermost read or write that this thread is inside of
    uint32_t reader;  // the number of the reader that it took last: threads part for good, each to a warm page cache
    uint32_t number;  // its own; zero until it is asked for
    uint32_t meetings;  // how often it met another thread where numbers keep threads apart
} litestack_thread;

// Weak and not inline: each object file would otherwise have variables of its own, and nesting go unseen.
__attribute__((weak)) litestack_thread *litestack_current_thread(void) {
    static _Thread_local litestack_thread thread = {0, 0, 0, 0};
    return &thread;
}

/// A number that this thread keeps, one after the other in the order in which threads ask.
__attribute__((weak)) uint32_t litestack_thread_number(void) {
    static uint32_t last;
    litestack_thread *thread = litestack_current_thread();
    if (thread->number == 0) { thread->number = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED); }
    return thread->number;
}

/// Gives this thread the next number, because it met another. Each time it takes twice as many meetings, so that threads
/// which are more than there are places stay where they are.
__attribute__((weak)) void litestack_thread_met_another(void) {
    litestack_thread *thread = litestack_current_thread();
    thread->meetings++;
    if ((thread->meetings & (thread->meetings - 1)) == 0) { thread->number++; }
}

// MARK: errno and calls whose Swift overlays differ between platforms.

static inline int litestack_errno(void) { return errno; }
static inline int litestack_flock(int descriptor, int operation) { return flock(descriptor, operation); }
static inline int litestack_stat(const char *path, struct stat *result) { return stat(path, result); }
static inline int litestack_open(const char *path, int flags, mode_t mode) { return open(path, flags | O_CLOEXEC, mode); }

/// When a file was made, in nanoseconds since 1970; 0 if that is not known. By the system call itself, since statx() is
/// hidden without _GNU_SOURCE (https://man7.org/linux/man-pages/man2/statx.2.html).
static inline int64_t litestack_birth(const char *path) {
#if defined(__linux__) && defined(SYS_statx)
    extern long syscall(long number, ...);
    union { unsigned char bytes[256]; uint64_t aligned; } result;
    const unsigned int birth = 0x800;  // STATX_BTIME
    if (syscall(SYS_statx, AT_FDCWD, path, 0, birth, &result) != 0) { return 0; }
    uint32_t mask, nanoseconds;
    int64_t seconds;
    memcpy(&mask, result.bytes, 4);
    memcpy(&seconds, result.bytes + 80, 8);
    memcpy(&nanoseconds, result.bytes + 88, 4);
    return mask & birth ? seconds * 1000000000 + nanoseconds : 0;
#elif defined(__APPLE__)
    struct stat info;
    if (stat(path, &info) != 0) { return 0; }
    return (int64_t)info.st_birthtimespec.tv_sec * 1000000000 + info.st_birthtimespec.tv_nsec;
#else
    (void)path;
    return 0;
#endif
}

static void litestack_interrupted(int signal) { (void)signal; }

/// Makes SIGURG interrupt a blocking flock. SIGURG is ignored by default, so a stray one never harms;
/// a handler that the program installed itself is left alone.
static inline void litestack_allow_interruption(void) {
    struct sigaction current;
    if (sigaction(SIGURG, 0, &current) != 0) { return; }
    if (current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN) { return; }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = litestack_interrupted;  // no SA_RESTART: flock returns EINTR
    sigaction(SIGURG, &action, 0);
}

/// Lets SIGURG through to the calling thread: one started by a thread of the dispatch library has every signal blocked.
static inline void litestack_receive_interruption(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGURG);
    pthread_sigmask(SIG_UNBLOCK, &signals, 0);
}

#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
static inline long litestack_filesystem_type(const char *path) {
    struct statfs info;
    if (statfs(path, &info) != 0) { return 0; }
    return (long)info.f_type;
}
static inline void litestack_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
/// A second mapping of a page of a shared mapping (mremap of size 0): it outlives the first.
static inline void *litestack_map_again(void *page) {
    long mapped = syscall(SYS_mremap, page, 0, 4096, 1 /* MREMAP_MAYMOVE */, 0);
    return mapped == -1 ? 0 : (void *)mapped;
}
static inline void litestack_unmap(void *page) { munmap(page, 4096); }
static inline int litestack_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
#elif defined(__APPLE__)
#include <mach/mach.h>
static inline void *litestack_map_again(void *page) {
    vm_address_t mapped = 0;
    vm_prot_t current, maximum;
    kern_return_t code = vm_remap(mach_task_self(), &mapped, 16384, 0, VM_FLAGS_ANYWHERE, mach_task_self(),
                                  (vm_address_t)page, 0, &current, &maximum, VM_INHERIT_NONE);
    return code == KERN_SUCCESS ? (void *)mapped : 0;
}
static inline void litestack_unmap(void *page) { vm_deallocate(mach_task_self(), (vm_address_t)page, 16384); }
#endif

#endif
