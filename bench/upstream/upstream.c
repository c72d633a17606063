/* The service behind every proxy: one thread, epoll, HTTP/1.1 with keep-alive.
 *
 * Any request: 200 with a body of 100 bytes, which tells how many bytes of body arrived. A path that ends in /1m or /1g: a body of
 * 1 MiB or 1 GiB. A request without one of the expected Authorization values gets 401, one that still carries X-Vault-Key gets
 * 500: a proxy that doesn't do the work shows in the load generator's count of errors.
 *
 * upstream PORT AUTHORIZATION... */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 64 * 1024, BLOCK = 256 * 1024, ANSWER = 100 };
enum body { NONE, LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER };

struct connection {
    int fd;
    int wants_write;
    char in[HEAD_MAX];
    size_t in_len;
    int in_body;              /* the head is read, the body isn't yet */
    enum body body;
    unsigned long long left;  /* of the body or the chunk */
    unsigned long long received;
    int status;
    unsigned long long answer; /* length of the answer's body */
    char head[512];
    size_t head_len, head_sent;
    unsigned long long body_left;
};

static char **expected;
static int expected_count;
static char block[BLOCK];
static int epoll;

static int is_expected(const char *value, size_t length) {
    for (int i = 0; i < expected_count; i++)
        if (strlen(expected[i]) == length && memcmp(expected[i], value, length) == 0) return 1;
    return 0;
}

static int ends_with(const char *text, size_t length, const char *end) {
    size_t n = strlen(end);
    return length >= n && memcmp(text + length - n, end, n) == 0;
}

/* Reads the head; 0 where it makes no sense. */
static int parse_head(struct connection *c, size_t length) {
    char *line = c->in, *end = c->in + length;
    char *first = memmem(line, length, "\r\n", 2);
    char *target = memchr(line, ' ', first - line);
    if (!target) return 0;
    target++;
    char *after = memchr(target, ' ', first - target);
    if (!after) return 0;
    size_t target_len = after - target;
    c->answer = ends_with(target, target_len, "/1m") ? 1ull << 20 : ends_with(target, target_len, "/1g") ? 1ull << 30 : ANSWER;
    c->body = NONE;
    c->left = c->received = 0;
    int authorized = 0, leaked = 0;
    for (line = first + 2; line < end - 2;) {
        char *stop = memmem(line, end - line, "\r\n", 2);
        char *colon = memchr(line, ':', stop - line);
        if (!colon) return 0;
        char *value = colon + 1;
        while (value < stop && *value == ' ') value++;
        size_t name = colon - line;
        switch (name) {
            case 13:
                if (!strncasecmp(line, "authorization", 13)) authorized = is_expected(value, stop - value);
                break;
            case 11:
                if (!strncasecmp(line, "x-vault-key", 11)) leaked = 1;
                break;
            case 14:
                if (!strncasecmp(line, "content-length", 14)) {
                    c->left = strtoull(value, NULL, 10);
                    if (c->left) c->body = LENGTH;
                }
                break;
            case 17:
                if (!strncasecmp(line, "transfer-encoding", 17)) c->body = CHUNK_SIZE;
                break;
        }
        line = stop + 2;
    }
    c->status = leaked ? 500 : authorized ? 200 : 401;
    if (c->status != 200) c->answer = ANSWER;
    return 1;
}

/* Takes bytes of the body; how many, or -1. */
static ssize_t take_body(struct connection *c, const char *bytes, size_t length) {
    size_t at = 0;
    while (c->body != NONE && at < length) {
        size_t rest = length - at;
        switch (c->body) {
            case LENGTH:
            case CHUNK_DATA: {
                size_t taken = rest < c->left ? rest : c->left;
                c->left -= taken;
                c->received += taken;
                at += taken;
                if (c->left == 0) c->body = c->body == LENGTH ? NONE : CHUNK_END;
                break;
            }
            case CHUNK_END: /* CR LF behind the data */
                if (bytes[at++] == '\n') c->body = CHUNK_SIZE;
                break;
            case CHUNK_SIZE: {
                char digit = bytes[at++];
                if (digit == '\n') c->body = c->left ? CHUNK_DATA : TRAILER;
                else if (digit >= '0' && digit <= '9') c->left = c->left * 16 + (digit - '0');
                else if ((digit | 32) >= 'a' && (digit | 32) <= 'f') c->left = c->left * 16 + ((digit | 32) - 'a' + 10);
                else if (digit != '\r') return -1;
                break;
            }
            case TRAILER: /* none expected: the empty line */
                if (bytes[at++] == '\n') c->body = NONE;
                break;
            case NONE:
                break;
        }
    }
    return at;
}

static void begin_answer(struct connection *c) {
    int n = snprintf(c->head, sizeof c->head, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %llu\r\n\r\n",
                     c->status, c->status == 200 ? "OK" : "Refused", c->answer);
    c->body_left = c->answer;
    if (c->answer == ANSWER) {
        int text = snprintf(c->head + n, ANSWER + 1, "received %020llu ", c->received);
        memset(c->head + n + text, '.', ANSWER - text);
        n += ANSWER;
        c->body_left = 0;
    }
    c->head_len = n;
    c->head_sent = 0;
}

/* 1: all sent, 0: later, -1: broken. */
static int send_answer(struct connection *c) {
    while (c->head_sent < c->head_len) {
        ssize_t n = send(c->fd, c->head + c->head_sent, c->head_len - c->head_sent, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN ? 0 : -1;
        c->head_sent += n;
    }
    while (c->body_left) {
        ssize_t n = send(c->fd, block, c->body_left < BLOCK ? c->body_left : BLOCK, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN ? 0 : -1;
        c->body_left -= n;
    }
    c->head_len = 0;
    return 1;
}

static void watch(struct connection *c, int wants_write) {
    if (c->wants_write == wants_write) return;
    c->wants_write = wants_write;
    struct epoll_event event = {.events = wants_write ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* Works on what is there; -1 ends the connection. */
static int work(struct connection *c) {
    for (;;) {
        if (c->head_len) {
            int sent = send_answer(c);
            if (sent < 0) return -1;
            watch(c, !sent);
            if (!sent) return 0;
        }
        if (!c->in_body) {
            char *end = c->in_len ? memmem(c->in, c->in_len, "\r\n\r\n", 4) : NULL;
            if (end) {
                size_t length = end + 4 - c->in;
                if (!parse_head(c, length)) return -1;
                memmove(c->in, c->in + length, c->in_len -= length);
                c->in_body = 1;
            }
        }
        if (c->in_body) {
            ssize_t taken = take_body(c, c->in, c->in_len);
            if (taken < 0) return -1;
            if (taken) memmove(c->in, c->in + taken, c->in_len -= taken);
            if (c->body == NONE) {
                c->in_body = 0;
                begin_answer(c);
                continue;
            }
        }
        if (c->in_len == HEAD_MAX) return -1;
        ssize_t n = recv(c->fd, c->in + c->in_len, HEAD_MAX - c->in_len, 0);
        if (n == 0) return -1;
        if (n < 0) return errno == EAGAIN ? 0 : -1;
        c->in_len += n;
    }
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "upstream PORT AUTHORIZATION...\n"), 2;
    expected = argv + 2;
    expected_count = argc - 2;
    signal(SIGPIPE, SIG_IGN);
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 {}\":,";
    unsigned seed = 1;
    for (int i = 0; i < BLOCK; i++) {
        seed = seed * 1103515245u + 12345u;
        block[i] = letters[(seed >> 16) % (sizeof letters - 1)];
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return perror("upstream"), 1;
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                c = calloc(1, sizeof *c);
                c->fd = fd;
                event = (struct epoll_event){.events = EPOLLIN, .data.ptr = c};
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
            } else if (work(c) < 0) {
                close(c->fd);
                free(c);
            }
        }
    }
}
