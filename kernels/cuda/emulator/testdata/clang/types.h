// The types and the few words in which host and device C differ.

typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned u32;
typedef long long s64;
typedef unsigned long long u64;
typedef __int128 s128;
typedef unsigned __int128 u128;
typedef float f32, n32;
typedef double f64, n64;

#define NOINLINE __attribute__((noinline))
#ifdef __CUDA__
#define FN static __attribute__((device)) __attribute__((unused))
#define CONSTANT static __attribute__((device)) const
#define CONSTSPACE static __attribute__((constant)) const
#define KERNEL extern "C" __attribute__((global)) void
#define SHARED __attribute__((shared))
typedef __fp16 half;
#else
#define FN static __attribute__((unused))
#define CONSTANT static const
#define CONSTSPACE static const
typedef _Float16 half;
#endif

enum { COUNT = 256, BLOCK = 64 }; // elements of every buffer; threads of a block
