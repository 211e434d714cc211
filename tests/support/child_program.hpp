// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#if defined(__SANITIZE_THREAD__)
#define GLINT_TEST_TSAN true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GLINT_TEST_TSAN true
#endif
#endif
#ifndef GLINT_TEST_TSAN
#define GLINT_TEST_TSAN false
#endif

/// Running a program of ours as a child, so that what a sanitizer says of it can be a test's expectation.
namespace glint_test {

/// What ThreadSanitizer ends a child with that it has reported something of.
inline constexpr int tsan_exit_code = 66;

struct outcome {
  int exit_code = -1;  ///< 128 and the signal's number where one ended it; -1: it could not be run.
  std::string output;  ///< Both streams.
};

/// What a child "exits" with that was ended because it hung.
inline constexpr int child_hung = 137;

/// Runs a shell command to its end, or ends it when it takes longer than `deadline_s`. `tsan_options` come on top.
inline outcome run_child(const std::string& command_line, int deadline_s = 60, const std::string& tsan_options = "") {
  const char* const options = std::getenv("TSAN_OPTIONS");
  const std::string command =
      "TSAN_OPTIONS='" + std::string(options ? options : "") + " exitcode=66 halt_on_error=0 report_bugs=1 " +
      tsan_options + "' timeout --signal=KILL " + std::to_string(deadline_s) + " env " + command_line + " 2>&1";
  outcome o;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (!pipe) return o;
  std::array<char, 4096> part{};
  for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), pipe)) != 0;) o.output.append(part.data(), n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) o.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) o.exit_code = 128 + WTERMSIG(status);
  return o;
}

}  // namespace glint_test
