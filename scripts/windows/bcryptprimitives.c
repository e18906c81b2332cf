// The one function of bcryptprimitives.dll, which wine 8 lacks: programs written in Rust take their random numbers there.
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID memory, ULONG bytes); // RtlGenRandom

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE memory, SIZE_T bytes) {
  while (bytes) {
    ULONG some = bytes > 65536 ? 65536 : (ULONG)bytes;
    if (!SystemFunction036(memory, some)) return FALSE;
    memory += some;
    bytes -= some;
  }
  return TRUE;
}
