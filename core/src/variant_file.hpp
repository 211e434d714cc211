// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <glint/base/result.hpp>
#include "variant_model.hpp"

namespace glint::detail {

/// What is known of variants as text: lines, in the C locale's numbers, whatever the process's:
///
///     glint-variant-model 1
///     devices NAMES
///     set COUNT KEY
///     variant NAME
///     size CLASS SECONDS MEASURED
///     transfer WAY
///     size CLASS SECONDS MEASURED
///     end CRC64 of all before this line
///
/// `devices` are those of the machine, by name: other devices have other times.
[[nodiscard]] std::string model_text(const variant_model& model, std::string_view devices);

/// The lines with their end.
[[nodiscard]] std::string with_check(std::string text);

/// Adds what `text` says to an empty model; nothing at all unless all of it is right. Errors: malformed_data, with
/// where and why.
[[nodiscard]] result<void> read_model(std::string_view text, std::string_view devices, variant_model& model);

/// Keeps a model in a file between runs. Owner-thread only.
class variant_file {
 public:
  /// An empty path: nothing is kept.
  variant_file(std::string path, std::string devices) : path_(std::move(path)), devices_(std::move(devices)) {}

  /// Reads the file, if there is one, into an empty model. What is no model, is damaged, or is of other devices is not
  /// read, and a warning logged.
  void load(variant_model& model);
  /// Writes the file if anything was measured: a new one beside it, which then takes its name, so that it is whole
  /// whoever else writes it; the last one stays. A file that is no model is left as it is. A failure is logged.
  void save(const variant_model& model) const;

 private:
  const std::string path_;
  const std::string devices_;
  bool foreign_ = false;
};

}  // namespace glint::detail
