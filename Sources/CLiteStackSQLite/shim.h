// What Swift cannot call in sqlite3.h (macros, variadics), and the few inline functions that need C:
// atomic loads of the wal-index header, a thread-local, flock and inotify without Glibc's overloads.
#ifndef LITESTACK_SQLITE_SHIM_H
#define LITESTACK_SQLITE_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
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

// MARK: One pointer per thread: the innermost read or write that this thread is inside of.

static inline void **litestack_thread_access(void) {
    static _Thread_local void *access = 0;
    return &access;
}

// MARK: errno and calls whose Swift overlays differ between platforms.

static inline int litestack_errno(void) { return errno; }
static inline int litestack_flock(int descriptor, int operation) { return flock(descriptor, operation); }
static inline int litestack_stat(const char *path, struct stat *result) { return stat(path, result); }
static inline int litestack_open(const char *path, int flags, mode_t mode) { return open(path, flags | O_CLOEXEC, mode); }

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

#if defined(__linux__)
#include <sys/inotify.h>
#include <sys/vfs.h>
static inline long litestack_filesystem_type(const char *path) {
    struct statfs info;
    if (statfs(path, &info) != 0) { return 0; }
    return (long)info.f_type;
}
#endif

#endif
