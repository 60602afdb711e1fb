// measure FILE COMMAND...: runs COMMAND and writes "<user+sys seconds>\t<peak MB>\n" of it and its children to FILE.
// The exit status is the command's. Processor time, not wall time, so that a busy machine does not change the result much.
#include <cstdio>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char** arguments) {
  if (count < 3) return std::fprintf(stderr, "usage: measure FILE COMMAND...\n"), 2;
  pid_t child = fork();
  if (child == 0) {
    execvp(arguments[2], arguments + 2);
    std::perror(arguments[2]);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) < 0) return std::perror("measure"), 2;
  double seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  std::FILE* file = std::fopen(arguments[1], "w");
  if (file == nullptr) return std::perror(arguments[1]), 2;
  std::fprintf(file, "%.2f\t%ld\n", seconds, usage.ru_maxrss / 1024);
  std::fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
