/*
 * A cable that is slow and loses packets: carries frames between two network interfaces, both ways.
 *
 *   cable <interface> <interface> <delay ms> <jitter ms> <loss % there> <loss % back> <seed>
 *   cable <interface>          has the interface send whole frames with checksums from now on, as this needs of all that are connected
 */
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 8192, size = 2048 };

struct frame {
  int64_t due;
  int length;
  unsigned char bytes[size];
};

struct lane {
  int from, to, loss;
  unsigned head, tail;
  struct frame *frames;
};

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int open_end(const char *name) {
  int end = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  address.sll_ifindex = (int)if_nametoindex(name);
  struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
  if (end < 0 || address.sll_ifindex == 0 || bind(end, (struct sockaddr *)&address, sizeof address) != 0 ||
      setsockopt(end, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0) {
    perror(name);
    exit(1);
  }
  return end;
}

/* Without this the kernel leaves checksums and the cutting of large frames to a card that is not there. */
static int make_plain(const char *name) {
  const unsigned commands[] = {ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
  int end = socket(AF_INET, SOCK_DGRAM, 0);
  for (unsigned at = 0; at < sizeof commands / sizeof *commands; at += 1) {
    struct ethtool_value value = {.cmd = commands[at], .data = 0};
    struct ifreq asked = {.ifr_data = (char *)&value};
    strncpy(asked.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(end, SIOCETHTOOL, &asked) != 0 && at == 0) return perror(name), 1;
  }
  return 0;
}

static void take(struct lane *lane, int64_t delay, int64_t jitter) {
  struct sockaddr_ll from;
  socklen_t from_size = sizeof from;
  struct frame *frame = &lane->frames[lane->tail % most];
  ssize_t length = recvfrom(lane->from, frame->bytes, size, MSG_DONTWAIT, (struct sockaddr *)&from, &from_size);
  // What we have sent ourselves is shown to us, too.
  if (length <= 0 || from.sll_pkttype == PACKET_OUTGOING) return;
  if (rand() % 100 < lane->loss || lane->tail - lane->head >= most) return;
  frame->length = (int)length;
  frame->due = now_us() + delay + (jitter > 0 ? rand() % jitter : 0);
  lane->tail += 1;
}

static int64_t give(struct lane *lane, int64_t now) {
  while (lane->head != lane->tail) {
    struct frame *frame = &lane->frames[lane->head % most];
    if (frame->due > now) return frame->due - now;
    (void)!send(lane->to, frame->bytes, (size_t)frame->length, MSG_DONTWAIT);
    lane->head += 1;
  }
  return 1000000;
}

int main(int count, char **words) {
  if (count == 2) return make_plain(words[1]);
  if (count != 8) return 2;
  int there = open_end(words[1]), back = open_end(words[2]);
  int64_t delay = atoll(words[3]) * 1000, jitter = atoll(words[4]) * 1000;
  srand((unsigned)atoi(words[7]));
  struct lane lanes[2] = {{there, back, atoi(words[5]), 0, 0, calloc(most, sizeof(struct frame))},
                          {back, there, atoi(words[6]), 0, 0, calloc(most, sizeof(struct frame))}};
  puts("carrying");
  fflush(stdout);
  for (;;) {
    int64_t now = now_us(), wait = give(&lanes[0], now), other = give(&lanes[1], now);
    struct pollfd ends[2] = {{there, POLLIN, 0}, {back, POLLIN, 0}};
    if (other < wait) wait = other;
    if (poll(ends, 2, (int)(wait / 1000) + 1) < 0) return 1;
    for (int end = 0; end < 2; end += 1) if (ends[end].revents) take(&lanes[end], delay, jitter);
  }
}
