// A stand-in for the library from which Rust's own takes random numbers on Windows, and which the Wine that Debian has
// (8) lacks. For tests under Wine alone: .ci/wine builds it and puts it where Wine looks.

#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return RtlGenRandom(data, (ULONG)length);
}
