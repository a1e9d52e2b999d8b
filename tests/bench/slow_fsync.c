// Preloaded into the benchmark's own PostgreSQL: every fdatasync and fsync takes a millisecond
// longer, as on a cloud provider's disk.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static void wait_a_millisecond(void) {
    const struct timespec delay = {.tv_sec = 0, .tv_nsec = 1000000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, 0);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_a_millisecond();
    return real(fd);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_a_millisecond();
    return real(fd);
}
