/* Linux 6.1 in user mode sets the registers of its processes with a buffer that has no room for AMX. On a processor that has
 * AMX, the kernel of the host refuses a buffer that is too short. This library is loaded before that program, and hands in
 * a longer one. Its additional part is empty: no process in user mode may use AMX, since none can ask the host for it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

typedef long call(int, int, void *, void *);

/* The bits of the states that fit: up to the keys of pages. */
static const unsigned long long KNOWN = 0x3ff;
/* Where those bits are: the header follows 512 bytes of older state. */
enum { HEADER = 512, MOST = 16384 };

static call *original;
/* User mode kernels run one thread at a time. */
static char whole[MOST];
static size_t length;

__attribute__((constructor)) static void find(void) { original = (call *)dlsym(RTLD_NEXT, "ptrace"); }

static long set(int pid, struct iovec *given) {
    struct iovec all = {whole, sizeof whole};
    if (length == 0) {
        if (original(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all) < 0)
            return -1;
        length = all.iov_len;
    }
    if (given->iov_len < HEADER + sizeof KNOWN || given->iov_len >= length)
        return original(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, given);
    memset(whole, 0, length);
    memcpy(whole, given->iov_base, given->iov_len);
    unsigned long long states;
    memcpy(&states, whole + HEADER, sizeof states);
    states &= KNOWN;
    memcpy(whole + HEADER, &states, sizeof states);
    all.iov_len = length;
    return original(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &all);
}

long ptrace(enum __ptrace_request request, ...) {
    va_list rest;
    va_start(rest, request);
    int pid = va_arg(rest, int);
    void *address = va_arg(rest, void *);
    void *data = va_arg(rest, void *);
    va_end(rest);
    if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
        return set(pid, data);
    return original(request, pid, address, data);
}
