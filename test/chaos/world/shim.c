/*
 * Put before a program's libraries (LD_PRELOAD), this lets its wall clock jump and its disk be slow, as the file says that CHAOS_SHIM
 * names: two numbers of 64 bits, the milliseconds that the clock is ahead and those that each flush to the disk takes longer.
 * The monotonic clock stays as it is, as it does when a real clock is set.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *told;

__attribute__((constructor)) static void open_told(void) {
  const char *path = getenv("CHAOS_SHIM");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *map = mmap(NULL, 16, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (map != MAP_FAILED) told = map;
}

static int64_t ahead_ms(void) { return told ? told[0] : 0; }

int clock_gettime(clockid_t id, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real ? real(id, at) : (int)syscall(SYS_clock_gettime, id, at);
  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) at->tv_sec += ahead_ms() / 1000;
  return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}

static void be_slow(void) {
  int64_t ms = told ? told[1] : 0;
  struct timespec left = {ms / 1000, (ms % 1000) * 1000000};
  if (ms > 0) nanosleep(&left, NULL);
}

int fsync(int file) {
  be_slow();
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  be_slow();
  return (int)syscall(SYS_fdatasync, file);
}
