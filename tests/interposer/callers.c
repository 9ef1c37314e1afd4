/*
 * callers.c - who called: return addresses found on the stack
 *
 * A function compiled with a frame pointer begins its frame with the frame
 * pointer of its caller, and the return address next to it.  So frames form a
 * chain; but a function compiled without may leave anything in that register.
 * Each link is therefore checked before it is followed: it must lead upwards,
 * on the same stack.  Stacks we do not know, such as those of coroutines, are
 * read through the kernel, which says no where a plain load would crash.
 *
 * The chain breaks in code that others compiled.  Behind a sanitizer's function
 * the stack is searched for the return address that a call of that function
 * left there: the machine code before it says where it led.  Behind stdio there
 * is no such sign, and the tables made for exceptions tell the way, slowly.
 */
#include "callers.h"

#include <elf.h>
#include <execinfo.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_STACK  (64u << 20)  /* bytes, where the limit says nothing */
#define MAX_FRAME  (1u << 20)   /* bytes between two frames */
#define MAX_SCAN   1024         /* words of the stack looked at */

#define MAX_UNWIND   32         /* frames: ours, libc's and a few more */
#define LONGEST_CALL 16         /* bytes; looked at before a return address */

extern void *__libc_stack_end;  /* the dynamic linker's: top of main's stack */

static uintptr_t text_start, text_end;  /* the program's code */
static bool can_unwind;                 /* see callers_prepare_for_stdio() */
static uintptr_t runtime_start, runtime_end;    /* lowest and highest of them */
static uintptr_t main_top;              /* of the main thread's stack */
static uintptr_t stack_size = 8u << 20; /* bytes a stack may be deep */
static __thread uintptr_t thread_top __attribute__((tls_model("initial-exec")));

/* Take the code of the first object in the list: the program itself. */
static int look_at_program(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    *(uint64_t *)base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            text_start = info->dlpi_addr + part->p_vaddr;
            text_end = text_start + part->p_memsz;
        }
    }
    return 1;                   /* no further object */
}

uint64_t callers_begin(void)
{
    uint64_t base = 0;
    struct rlimit limit;

    dl_iterate_phdr(look_at_program, &base);
    main_top = (uintptr_t)__libc_stack_end;
    if (getrlimit(RLIMIT_STACK, &limit) == 0)
        stack_size = limit.rlim_cur < MAX_STACK ? limit.rlim_cur : MAX_STACK;
    return base;
}

void callers_begin_thread(void *frame)
{
    thread_top = (uintptr_t)frame;
}

bool callers_add_entry(uint64_t address)
{
    if (address < text_start || address >= text_end)
        return false;
    if (runtime_start == 0 || address < runtime_start)
        runtime_start = address;
    if (address > runtime_end)
        runtime_end = address;
    return true;
}

bool callers_is_program(uint64_t address)
{
    return address > text_start + LONGEST_CALL && address < text_end &&
           (address < runtime_start || address > runtime_end);
}

/* Where the call instruction leads that returns to address; 0: unknown. */
static uint64_t target_of(uint64_t address)
{
#if defined __x86_64__
    const unsigned char *code = (const unsigned char *)address;
    int32_t distance;

    memcpy(&distance, code - 4, sizeof distance);
    if (code[-5] == 0xe8)       /* call */
        return address + (uint64_t)(int64_t)distance;
#elif defined __aarch64__
    uint32_t code;

    memcpy(&code, (const char *)address - 4, sizeof code);
    if (code >> 26 == 0x25)     /* bl */
        return address - 4 + (uint64_t)((int64_t)(int32_t)(code << 6) >> 4);
#else
    (void)address;
#endif
    return 0;
}

/* Copy words from a stack: plainly below top, through the kernel if unknown. */
static bool peek(uintptr_t at, uintptr_t top, uint64_t *words, size_t n)
{
    size_t size = n * sizeof *words;

    if (top != 0) {
        if (at + size > top)
            return false;
        memcpy(words, (const void *)at, size);
        return true;
    }
    struct iovec to = { words, size };
    struct iovec from = { (void *)at, size };
    return syscall(SYS_process_vm_readv, getpid(), &to, 1L, &from, 1L, 0L) ==
           (long)size;
}

/* The top of the stack that at lies on, or 0 when it is not one we know. */
static uintptr_t top_of(uintptr_t at)
{
    uintptr_t top = thread_top != 0 ? thread_top : main_top;

    return at < top && top - at < stack_size ? top : 0;
}

/*
 * The nearest word above at that is the return address of a call of entry by
 * the program.  Returns 0 if there is none.
 */
static uint64_t scan(uintptr_t at, uintptr_t top, uint64_t entry)
{
    uint64_t word;

    for (int i = 0; i < MAX_SCAN && peek(at, top, &word, 1); i++) {
        if (callers_is_program(word) && target_of(word) == entry)
            return word;
        at += sizeof word;
    }
    return 0;
}

void callers_prepare_for_stdio(void)
{
    void *any;

    if (!can_unwind)
        backtrace(&any, 1);     /* loads a library, the first time */
    can_unwind = true;
}

/* The innermost return address in the program, or 0 if there is none. */
static uint64_t unwind(void)
{
    void *found[MAX_UNWIND];
    int n = backtrace(found, MAX_UNWIND);

    for (int i = 0; i < n; i++)
        if (callers_is_program((uint64_t)(uintptr_t)found[i]))
            return (uint64_t)(uintptr_t)found[i];
    return 0;
}

void callers_find(void *frame, uint64_t entry, uint64_t callers[LOG_CALLERS])
{
    uintptr_t at = (uintptr_t)frame;
    uintptr_t top = top_of(at);
    uint64_t link[2];           /* the caller's frame, the return address */
    uint64_t seen = 0;          /* the call of entry */
    bool found = false;

    memset(callers, 0, LOG_CALLERS * sizeof *callers);
    for (int i = 0; i < LOG_CALLERS && peek(at, top, link, 2); i++) {
        callers[i] = link[1];
        found = found || callers_is_program(link[1]);
        if (entry && !seen && callers_is_program(link[1]) &&
            target_of(link[1]) == entry)
            seen = link[1];
        if (link[0] % sizeof(void *) != 0 || link[0] <= at ||
            link[0] - at > MAX_FRAME)
            break;
        at = link[0];
    }
    if (entry && seen == 0)
        seen = scan((uintptr_t)frame, top, entry);
    if (seen == 0 && !found && can_unwind)
        seen = unwind();
    if (seen == 0)
        return;
    memmove(callers + 1, callers, (LOG_CALLERS - 1) * sizeof *callers);
    callers[0] = seen;
}
