// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <charconv>
#include <optional>
#include <string_view>

#include "filter_kernels.hpp"

namespace images {
namespace {

constexpr std::pair<std::string_view, filter_kind> filters[] = {{"blur", filter_kind::blur},
                                                                {"sharpen", filter_kind::sharpen},
                                                                {"edges", filter_kind::edges},
                                                                {"gray", filter_kind::gray}};

tl::unexpected<glint::error> refuse(std::string reason) {
  return glint::fail(glint::errc::invalid_argument, std::move(reason));
}

glint::result<void> read_number(const std::string& name, const std::string& text, int least, int most, int& into) {
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, into);
  if (code == std::errc{} && stop == end && into >= least && into <= most) return {};
  return refuse(name + ": '" + text + "' is not a number from " + std::to_string(least) + " to " +
                std::to_string(most));
}

glint::result<void> read_filter(const std::string& text, filter_kind& into) {
  for (const auto& [name, kind] : filters) {
    if (name != text) continue;
    into = kind;
    return {};
  }
  return refuse("--filter: '" + text + "' is none of blur, sharpen, edges, gray");
}

/// Whether the options make sense together.
glint::result<void> check(const options& all, std::size_t folders, bool has_radius) {
  if (all.help) return {};
  if (folders != 2) return refuse("two folders are needed, of the images and of the results; --help lists all");
  const bool uses_radius = all.filter.kind == filter_kind::blur || all.filter.kind == filter_kind::sharpen;
  if (has_radius && !uses_radius) return refuse("--radius is for blur and sharpen only");
  return {};
}

glint::result<void> read_value(const std::string& name, const std::string& text, options& into) {
  if (name == "--filter") return read_filter(text, into.filter.kind);
  if (name == "--radius") return read_number(name, text, 1, radius_max, into.filter.radius);
  if (name == "--quality") return read_number(name, text, 1, 100, into.quality);
  if (name == "--ahead") return read_number(name, text, 1, 1000, into.ahead);
  return refuse("unknown option " + name + "; --help lists all");
}

}  // namespace

glint::result<options> parse_options(const std::vector<std::string>& arguments) {
  options all;
  std::vector<std::string> folders;
  bool has_radius = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with("--")) {
      folders.push_back(word);
    } else if (word == "--help") {
      all.help = true;
    } else if (word == "--quiet") {
      all.quiet = true;
    } else {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      if (equals == std::string::npos && i + 1 == arguments.size()) return refuse(name + " needs a value");
      GLINT_TRY(read_value(name, equals == std::string::npos ? arguments[++i] : word.substr(equals + 1), all));
      has_radius = has_radius || name == "--radius";
    }
  }
  GLINT_TRY(check(all, folders.size(), has_radius));
  if (folders.size() == 2) {
    all.in = folders[0];
    all.out = folders[1];
  }
  return all;
}

std::string help_text() {
  return R"(image_pipeline IN OUT [options]
Filters each PNG and JPEG file in the folder IN, and in those below it, and writes the result under the same name below OUT.

  --filter VALUE     blur, sharpen, edges or gray (blur)
  --radius VALUE     of blur and sharpen: how many pixels to each side count (3; 1 to 64)
  --quality VALUE    of JPEG files (90; 1 to 100)
  --ahead VALUE      images under way at once (two for each CPU slot; 1 to 1000)
  --quiet            no progress on standard error
  --help             print this and do nothing

Ends with 0 if all went well, 3 if images were skipped, 2 if the options or folders are wrong.
--glint-help lists Glint's settings.
)";
}

}  // namespace images
