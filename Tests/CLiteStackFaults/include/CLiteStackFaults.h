// System calls that fail on demand, for tests of what happens when the disk does.
//
// SQLite calls these functions through the dynamic symbol table, so definitions in the executable come first. Without
// an armed fault each of them goes straight to the C library's.
#ifndef LITESTACK_FAULTS_H
#define LITESTACK_FAULTS_H

enum litestack_fault_operation {
    LITESTACK_FAULT_FDATASYNC = 0,
    LITESTACK_FAULT_FSYNC = 1,
    LITESTACK_FAULT_PWRITE = 2,
    LITESTACK_FAULT_FTRUNCATE = 3,
};

/// Makes calls on files whose path ends in `suffix` fail with `error`: after `skip` that go through, `count` that fail.
/// Returns the fault's number, or -1 if there is no room for another.
int litestack_fault_arm(int operation, const char *suffix, int skip, int count, int error);

/// Ends a fault, and returns how many calls it has failed.
int litestack_fault_disarm(int fault);

/// How many calls the fault has failed so far.
int litestack_fault_hits(int fault);

#endif
