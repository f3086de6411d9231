/* process_metrics.c: what every exporter of Prometheus tells about its process, under the usual names. */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "metrics.h"

static int64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long size = 0, resident = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static int64_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int64_t count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count > 3 ? count - 3 : 0; /* ".", ".." and the listing itself */
}

static int64_t cpu_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return 0;
	return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec
	       + usage.ru_stime.tv_usec;
}

void process_metrics_collect(void *unused)
{
	static int64_t
		started_s; /* written once, by the call that service.c makes before there are threads */

	(void)unused;
	if (!started_s)
		started_s = (int64_t)time(NULL);
	metric_set(METRIC(METRIC_GAUGE, "process_resident_memory_bytes", "Resident memory."),
		   resident_bytes());
	metric_set(METRIC(METRIC_GAUGE, "process_open_fds", "Open file descriptors."), open_files());
	metric_set(METRIC(METRIC_CPU, "process_cpu_seconds_total", "User and system CPU time."), cpu_us());
	metric_set(
		METRIC(METRIC_GAUGE, "process_start_time_seconds", "When the process started, since 1970."),
		started_s);
}
