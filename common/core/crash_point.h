/* crash_point.h: named places where tests kill the process (design.md section 10, faults.md F1).
 * Compiled out unless UNBOOK_CRASH_POINTS is defined. */
#ifndef CRASH_POINT_H
#define CRASH_POINT_H

#ifdef UNBOOK_CRASH_POINTS
/* SIGKILLs this process when UNBOOK_CRASH_POINT is "name" (first passing) or "name:n" (n-th passing). */
void crash_point(const char *name);
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif

#endif
