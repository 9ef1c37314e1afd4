/*
 * absent.c - functions that a sanitizer looks up and that libc does not have
 *
 * libasan looks for each function it could stand before.  A name that is not to
 * be found anywhere costs a search through all libraries and the making of an
 * error message that nobody reads, for which an allocator is set up: 300 page
 * faults, more than all else at a program's start.  So here they are.  Nobody
 * calls them: what a program is linked with comes before this library, which
 * interpose.so needs, and where libc does have one of them, libc's is found
 * first.
 */
#define ABSENT(name) \
    void name(void); \
    void name(void) { __builtin_trap(); }

ABSENT(__isoc99_fprintf)
ABSENT(__isoc99_printf)
ABSENT(__isoc99_snprintf)
ABSENT(__isoc99_sprintf)
ABSENT(__isoc99_vfprintf)
ABSENT(__isoc99_vprintf)
ABSENT(__isoc99_vsnprintf)
ABSENT(__isoc99_vsprintf)
ABSENT(__cxa_rethrow_primary_exception)
ABSENT(__cxa_throw)
ABSENT(__pthread_mutex_lock)
ABSENT(__pthread_mutex_unlock)
ABSENT(crypt)
ABSENT(crypt_r)
ABSENT(pthread_mutexattr_getrobust_np)
ABSENT(xdr_bool)
ABSENT(xdr_bytes)
ABSENT(xdr_char)
ABSENT(xdr_destroy)
ABSENT(xdr_double)
ABSENT(xdr_enum)
ABSENT(xdr_float)
ABSENT(xdr_hyper)
ABSENT(xdr_int)
ABSENT(xdr_int16_t)
ABSENT(xdr_int32_t)
ABSENT(xdr_int64_t)
ABSENT(xdr_int8_t)
ABSENT(xdr_long)
ABSENT(xdr_longlong_t)
ABSENT(xdr_quad_t)
ABSENT(xdr_short)
ABSENT(xdr_string)
ABSENT(xdr_u_char)
ABSENT(xdr_u_hyper)
ABSENT(xdr_u_int)
ABSENT(xdr_u_long)
ABSENT(xdr_u_longlong_t)
ABSENT(xdr_u_quad_t)
ABSENT(xdr_u_short)
ABSENT(xdr_uint16_t)
ABSENT(xdr_uint32_t)
ABSENT(xdr_uint64_t)
ABSENT(xdr_uint8_t)
ABSENT(xdrmem_create)
ABSENT(xdrrec_create)
ABSENT(xdrstdio_create)

/* This one is asked, of names in Swift: no, it is none. */
char *swift_demangle(const char *name);

char *swift_demangle(const char *name)
{
    (void)name;
    return (char *)0;
}
