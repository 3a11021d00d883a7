/* A disk that fails: preloaded into the program by `make chaos`.
 *
 * Counts what changes the files under DISK_UNDER, and lets operation number DISK_NTH go wrong as DISK_HOW says:
 *   count    nothing goes wrong; DISK_LOG gets a line per operation
 *   before   the process dies before the operation
 *   torn     the process dies in the middle of a write, or after any other operation
 *   eio      this one operation fails with EIO
 *   enospc   from this one on, everything that needs room fails with ENOSPC
 * The program calls libc for all of them but the reservation of space (fallocate), which passes unseen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long counted;
static atomic_int full;

/* The libc function of the same name. */
#define REAL(type, name, ...)                                                                     \
    static type (*real)(__VA_ARGS__);                                                             \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

enum need { ROOM, NO_ROOM };

static int ours(const char *path) {
    const char *under = getenv("DISK_UNDER");
    return under && path && strncmp(path, under, strlen(under)) == 0;
}

static int named(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return ours(path);
}

static void note(long number, const char *what, const char *path) {
    const char *log = getenv("DISK_LOG");
    FILE *file = log ? fopen(log, "a") : NULL;
    if (!file) return;
    fprintf(file, "%ld %s %s\n", number, what, path);
    fclose(file);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What becomes of an operation: 0 it happens, 1 it happens and the process dies with it, else the error. */
static int fate(const char *what, const char *path, enum need need) {
    const char *how = getenv("DISK_HOW"), *nth = getenv("DISK_NTH");
    if (!how) return 0;
    long number = atomic_fetch_add(&counted, 1) + 1;
    if (strcmp(how, "count") == 0) {
        note(number, what, path);
        return 0;
    }
    if (atomic_load(&full) && need == ROOM) return ENOSPC;
    if (!nth || number != atol(nth)) return 0;
    note(number, what, path);
    if (strcmp(how, "before") == 0) die();
    if (strcmp(how, "torn") == 0) return 1;
    if (strcmp(how, "eio") == 0) return EIO;
    atomic_store(&full, 1);
    return need == ROOM ? ENOSPC : 0;
}

/* Ends an operation that has an int for an answer. */
#define END(fated, call)              \
    do {                              \
        int end = (fated);            \
        if (end > 1) {                \
            errno = end;              \
            return -1;                \
        }                             \
        int answer = (call);          \
        if (end == 1) die();          \
        return answer;                \
    } while (0)

static int creates(const char *path, int flags) {
    struct stat there;
    return (flags & O_CREAT) && ours(path) && lstat(path, &there) != 0;
}

#define OPEN(name)                                                                                \
    int name(const char *path, int flags, ...) {                                                  \
        REAL(int, #name, const char *, int, ...);                                                 \
        mode_t mode = 0;                                                                          \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                      \
            va_list more;                                                                         \
            va_start(more, flags);                                                                \
            mode = va_arg(more, mode_t);                                                          \
            va_end(more);                                                                         \
        }                                                                                         \
        if (!creates(path, flags)) return real(path, flags, mode);                                \
        END(fate("create", path, ROOM), real(path, flags, mode));                                 \
    }
OPEN(open)
OPEN(open64)

#define WRITE_AT(name, offset_t)                                                                  \
    ssize_t name(int fd, const void *bytes, size_t count, offset_t at) {                          \
        REAL(ssize_t, #name, int, const void *, size_t, offset_t);                                \
        char path[PATH_MAX];                                                                      \
        int end = named(fd, path) ? fate("write", path, ROOM) : 0;                                \
        if (end > 1) {                                                                            \
            errno = end;                                                                          \
            return -1;                                                                            \
        }                                                                                         \
        ssize_t answer = real(fd, bytes, end == 1 ? count / 2 : count, at);                       \
        if (end == 1) die();                                                                      \
        return answer;                                                                            \
    }
WRITE_AT(pwrite, off_t)
WRITE_AT(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    char path[PATH_MAX];
    int end = named(fd, path) ? fate("write", path, ROOM) : 0;
    if (end > 1) {
        errno = end;
        return -1;
    }
    ssize_t answer = real(fd, bytes, end == 1 ? count / 2 : count);
    if (end == 1) die();
    return answer;
}

#define SYNC(name)                                                                                \
    int name(int fd) {                                                                            \
        REAL(int, #name, int);                                                                    \
        char path[PATH_MAX];                                                                      \
        END(named(fd, path) ? fate("fsync", path, NO_ROOM) : 0, real(fd));                        \
    }
SYNC(fsync)
SYNC(fdatasync)

#define CUT(name, offset_t)                                                                       \
    int name(int fd, offset_t length) {                                                           \
        REAL(int, #name, int, offset_t);                                                          \
        char path[PATH_MAX];                                                                      \
        END(named(fd, path) ? fate("truncate", path, NO_ROOM) : 0, real(fd, length));             \
    }
CUT(ftruncate, off_t)
CUT(ftruncate64, off64_t)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    END(ours(to) ? fate("rename", to, NO_ROOM) : 0, real(from, to));
}

int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    END(ours(to) ? fate("link", to, ROOM) : 0, real(from, to));
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    END(ours(to) ? fate("link", to, ROOM) : 0, real(from_dir, from, to_dir, to, flags));
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    END(ours(path) ? fate("unlink", path, NO_ROOM) : 0, real(path));
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    END(ours(path) ? fate("mkdir", path, ROOM) : 0, real(path, mode));
}
