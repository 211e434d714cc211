// SPDX-License-Identifier: Apache-2.0
#include "image_pipeline/pipeline.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <glint/store/registry.hpp>

#include "../temporary_folder.hpp"
#include "image_files.hpp"
#include "image_pipeline/codec.hpp"
#include "reference_filter.hpp"

namespace images {
namespace {

namespace fs = std::filesystem;

constexpr int gray = 0, palette = 3, rgb_alpha = 6;  // as in PNG files

class ImagePipeline : public digits::temporary_folder {
 protected:
  void SetUp() override {
    temporary_folder::SetUp();
    in_ = folder_ / "in";
    out_ = folder_ / "out";
    fs::create_directories(in_);
  }

  void add(const std::string& name, const std::string& file) {
    fs::create_directories((in_ / name).parent_path());
    std::ofstream(in_ / name, std::ios::binary) << file;
  }

  /// All that can be read. Returns the names.
  std::vector<std::string> add_good_ones() {
    const std::vector<std::uint8_t> colours{1, 2, 3, 200, 100, 50};
    const auto bit = [](int x, int y, int) { return (x / 3 + y) % 2; };
    const auto deep = [](int x, int y, int c) { return busy(x, y, c) * 257; };
    add("gray.png", make_png({.columns = 33, .rows = 20, .colour_type = gray}, busy));
    add("gray_16.png", make_png({.columns = 33, .rows = 20, .colour_type = gray, .depth = 16}, deep));
    add("one.png", make_png({}, busy));
    add("palette.png",
        make_png({.columns = 30, .rows = 9, .colour_type = palette, .depth = 1, .palette = colours}, bit));
    add("rgb.png", make_png({.columns = 61, .rows = 70, .interlaced = true}, busy));
    add("rgba.PNG", make_png({.columns = 40, .rows = 30, .colour_type = rgb_alpha}, busy));
    add("wide.png", make_png({.columns = 4096}, busy));
    add("below/it/photo.jpeg", make_jpeg({.columns = 64, .rows = 50, .progressive = true}, smooth));
    add("gray.jpg", make_jpeg({.columns = 50, .rows = 31, .channels = 1}, smooth));
    return {"gray.png", "gray_16.png",         "one.png", "palette.png", "rgb.png", "rgba.PNG",
            "wide.png", "below/it/photo.jpeg", "gray.jpg"};
  }

  /// All that cannot, with the messages that name them.
  std::vector<std::string> add_bad_ones() {
    const std::string png = make_png({.columns = 60, .rows = 60}, busy);
    const std::string jpeg = make_jpeg({.columns = 60, .rows = 60}, smooth);
    add("truncated.png", png.substr(0, png.size() / 2));
    add("truncated.jpg", jpeg.substr(0, jpeg.size() / 2));
    add("empty.png", "");
    add("below/text.jpg", "not a picture");
    add("cmyk.jpg", make_jpeg({.columns = 8, .rows = 8, .channels = 4}, smooth));
    return {"below/text.jpg: the file is neither PNG nor JPEG", "cmyk.jpg: CMYK colours are not supported",
            "empty.png: the file is empty", "truncated.jpg: the file is truncated",
            "truncated.png: the file is truncated"};
  }

  struct outcome {
    int code;
    std::string out, error;
  };
  /// The program, as a user runs it.
  [[nodiscard]] outcome run(const std::string& arguments) const {
    const std::string command = std::string(GLINT_TEST_IMAGE_PIPELINE) + " --glint-backend=emulated --glint-cpus=2 " +
                                arguments + " >" + (folder_ / "stdout").string() + " 2>" +
                                (folder_ / "stderr").string();
    const int status = std::system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return {WEXITSTATUS(status), read(folder_ / "stdout"), read(folder_ / "stderr")};
  }
  [[nodiscard]] std::string folders() const { return in_.string() + " " + out_.string(); }

  /// The file that came out is what the filter makes of the one that went in.
  void expect_filtered(const std::string& name, const filter_options& with, int quality) const {
    const auto before = decode(read(in_ / name));
    ASSERT_TRUE(before) << name << ": " << before.error().describe();
    const auto after = decode(read(out_ / name));
    ASSERT_TRUE(after) << name << ": " << after.error().describe();
    const image wanted = reference_filter(*before, with);
    ASSERT_EQ(after->format, before->format) << name;
    ASSERT_EQ(after->pixels.shape(), wanted.pixels.shape()) << name;
    if (after->format == file_format::png) {
      EXPECT_EQ(bytes_of(*after), bytes_of(wanted)) << name;
    } else {
      EXPECT_LE(difference(bytes_of(*after), bytes_of(wanted)), loss_of_jpeg(wanted, quality)) << name;
    }
  }
  static int difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    int most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
  }
  /// What libjpeg alone makes of a picture: how far the worst pixel is off.
  static int loss_of_jpeg(const image& picture, int quality) {
    const auto& shape = picture.pixels.shape();
    const auto values = picture.pixels.values();
    const auto at = [&](int x, int y, int c) {
      return int{values[static_cast<std::size_t>((y * shape[1] + x) * shape[2] + c)]};
    };
    const std::string file = make_jpeg({.columns = static_cast<int>(shape[1]),
                                        .rows = static_cast<int>(shape[0]),
                                        .channels = static_cast<int>(shape[2]),
                                        .quality = quality},
                                       at);
    return difference(jpeg_pixels(file), bytes_of(picture));
  }

  /// Files below a folder.
  static std::vector<std::string> files_below(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& one : fs::recursive_directory_iterator(folder)) {
      if (one.is_regular_file()) names.push_back(one.path().lexically_relative(folder).string());
    }
    return names;
  }

  fs::path in_, out_;
};

TEST_F(ImagePipeline, FiltersWhatCanBeReadAndNamesWhatCannot) {
  const auto good = add_good_ones();
  const auto bad = add_bad_ones();
  add("notes.txt", "not an image, and not named so");
  const outcome ran = run(folders() + " --filter blur --radius 4 --quality 80 --ahead 3");
  EXPECT_EQ(ran.code, 3) << ran.error;
  EXPECT_THAT(ran.out, testing::StartsWith("9 images, 5 skipped, 1 other files, "));
  EXPECT_THAT(ran.out, testing::EndsWith(" Mpixel/s\n"));
  for (const std::string& message : bad) {
    EXPECT_THAT(ran.error, testing::HasSubstr("image_pipeline: skipped " + message + "\n"));
  }
  EXPECT_THAT(ran.error, testing::HasSubstr("image 14 of 14, 5 skipped\n"));
  EXPECT_THAT(files_below(out_), testing::UnorderedElementsAreArray(good));  // nothing half, nothing else
  for (const std::string& name : good) expect_filtered(name, {filter_kind::blur, 4}, 80);
}

TEST_F(ImagePipeline, EachFilterEndsWell) {
  const auto good = add_good_ones();
  const std::pair<std::string, filter_kind> filters[] = {
      {"sharpen", filter_kind::sharpen}, {"edges", filter_kind::edges}, {"gray", filter_kind::gray}};
  for (const auto& [name, kind] : filters) {
    const outcome ran = run(folders() + " --quiet --filter=" + name);  // over what the one before has written
    EXPECT_EQ(ran.code, 0) << ran.error;
    EXPECT_EQ(ran.error, "");
    EXPECT_THAT(ran.out, testing::StartsWith("9 images, 0 skipped, 0 other files, "));
    for (const std::string& file : good) expect_filtered(file, {kind, 3}, 90);
  }
}

TEST_F(ImagePipeline, RefusesFoldersAndOptions) {
  add("one.png", make_png({}, busy));
  const std::string in = in_.string();
  const std::pair<std::string, std::string> cases[] = {
      {in + " " + in, "the folder of the results may not be " + in + ", nor lie in it or around it: " + in},
      {in + " " + in + "/results",
       "the folder of the results may not be " + in + ", nor lie in it or around it: " + in + "/results"},
      {in + " " + folder_.string(),
       "the folder of the results may not be " + in + ", nor lie in it or around it: " + folder_.string()},
      {in + "/none " + out_.string(), "cannot read the folder " + in + "/none: No such file or directory"},
      {in + "/one.png " + out_.string(), "cannot read the folder " + in + "/one.png: Not a directory"},
      {in, "two folders are needed, of the images and of the results; --help lists all"},
      {folders() + " --filter mirror", "--filter: 'mirror' is none of blur, sharpen, edges, gray"},
      {folders() + " --radius 65", "--radius: '65' is not a number from 1 to 64"},
      {folders() + " --quality 9x", "--quality: '9x' is not a number from 1 to 100"},
      {folders() + " --filter gray --radius 2", "--radius is for blur and sharpen only"},
      {folders() + " --ahead", "--ahead needs a value"},
      {folders() + " --size=3", "unknown option --size; --help lists all"}};
  for (const auto& [arguments, message] : cases) {
    const outcome ran = run(arguments);
    EXPECT_EQ(ran.code, 2) << arguments;
    EXPECT_EQ(ran.error, "image_pipeline: " + message + "\n");
    EXPECT_EQ(ran.out, "");
  }
  EXPECT_EQ(files_below(folder_).size(), 3u);  // the image and what was printed
}

TEST_F(ImagePipeline, AFolderWithoutImagesIsNoFailure) {
  add("notes.txt", "");
  const outcome ran = run(folders());
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, testing::StartsWith("0 images, 0 skipped, 1 other files, "));
  EXPECT_THAT(run("--help").out, testing::HasSubstr("--radius VALUE"));
}

/// In this process, on a node of its own.
class ImagePipelineInside : public ImagePipeline {
 protected:
  void start(std::uint64_t device_bytes) {
    glint::init({.cpus = 2,
                 .device_memory_bytes = device_bytes,
                 .backend = glint::device_backend::emulated,
                 .log_level = glint::log_level::off});
  }
  void TearDown() override {
    glint::shutdown();
    ImagePipeline::TearDown();
  }
  report filter(int ahead, const std::vector<std::string>& files, std::ostream& log) {
    options with;
    with.filter.kind = filter_kind::gray;
    with.in = in_;
    with.out = out_;
    with.ahead = ahead;
    tools::progress show(log, tools::progress::style::lines, static_cast<std::int64_t>(files.size()), "image");
    return pipeline(with, files, show).run();
  }
};

/// Counts objects whenever something is printed.
class counting_buffer : public std::stringbuf {
 public:
  std::size_t most = 0;

 protected:
  int sync() override {
    most = std::max(most, glint::store::registry::count());
    return 0;
  }
};

TEST_F(ImagePipelineInside, NoMoreImagesAreUnderWayThanItSays) {
  start(64u << 20);
  std::vector<std::string> files;
  for (int i = 0; i < 60; ++i) {
    files.push_back(std::to_string(i) + ".png");
    add(files.back(), make_png({.columns = 8, .rows = 8}, busy));
  }
  counting_buffer counted;
  std::ostream log(&counted);
  const report done = filter(3, files, log);
  EXPECT_EQ(done.images, 60u);
  EXPECT_EQ(done.pixel_count, 60u * 64);
  EXPECT_GT(counted.most, 0u);
  // Decoded, filtered, written: three objects for each of three images, and what workers have not let go of yet; of
  // all images at once it would be 180.
  EXPECT_LE(counted.most, 30u);
}

TEST_F(ImagePipelineInside, ImagesThatFindNoRoomOnTheDeviceAreBegunAgainWithFewerBesideThem) {
  start(1u << 20);
  const std::string file = make_png({.columns = 384, .rows = 384}, busy);  // needs more than half of the device
  std::vector<std::string> files;
  for (int i = 0; i < 12; ++i) {
    files.push_back(std::to_string(i) + ".png");
    add(files.back(), file);
  }
  std::ostringstream log;
  const report done = filter(12, files, log);
  EXPECT_EQ(done.images, 12u) << log.str();
  EXPECT_EQ(done.skipped, 0u);
  expect_filtered("11.png", {filter_kind::gray}, 90);
}

TEST_F(ImagePipelineInside, AnImageThatNeverFitsIsSkipped) {
  start(1u << 20);
  add("large.png", make_png({.columns = 640, .rows = 640}, smooth));
  add("small.png", make_png({.columns = 16, .rows = 16}, busy));
  std::ostringstream log;
  const report done = filter(2, {"large.png", "small.png"}, log);
  EXPECT_EQ(done.images, 1u);
  EXPECT_EQ(done.skipped, 1u);
  EXPECT_THAT(log.str(), testing::HasSubstr("image_pipeline: skipped large.png: infeasible"));
  EXPECT_EQ(files_below(out_), std::vector<std::string>{"small.png"});
}

TEST_F(ImagePipelineInside, AResultThatCannotBeWrittenIsSkipped) {
  start(16u << 20);
  add("a.png", make_png({}, busy));
  add("b.png", make_png({}, busy));
  fs::create_directories(out_ / "b.png");  // where a file is to be
  std::ostringstream log;
  const report done = filter(2, {"a.png", "b.png"}, log);
  EXPECT_EQ(done.images, 1u);
  EXPECT_EQ(done.skipped, 1u);
  EXPECT_THAT(log.str(), testing::HasSubstr("skipped b.png: cannot write " + (out_ / "b.png").string() +
                                            ": it is not a regular file\n"));
}

}  // namespace
}  // namespace images
