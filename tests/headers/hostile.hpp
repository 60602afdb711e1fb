// Macros that system headers of some platform define, made poisonous: a public header that uses one of these names breaks.
#define I pleat_hostile 0     // <complex.h>
#define B0 pleat_hostile 0    // <termios.h>
#define small pleat_hostile 0 // <windows.h> and the four below
#define near pleat_hostile 0
#define far pleat_hostile 0
#define interface pleat_hostile 0
#define ERROR pleat_hostile 0
#define IN pleat_hostile 0
#define OUT pleat_hostile 0
#define OPTIONAL pleat_hostile 0
#define DOMAIN pleat_hostile 0 // <math.h>
#define K pleat_hostile 0      // numerical C code
#define N pleat_hostile 0
#define min(a, b) pleat_hostile 0 // <windows.h>: write (std::min)(a, b)
#define max(a, b) pleat_hostile 0
#define major(x) pleat_hostile 0 // <sys/sysmacros.h>
#define minor(x) pleat_hostile 0
