#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace hatchery::providers::digitalocean {

using Labels = std::map<std::string, std::string>;

/// The tag of a label: `key:value`. ErrorKind::invalid when DigitalOcean would not take it
/// (`^[a-zA-Z0-9_\-:]+$`, at most 255), or when it could be read as another label.
[[nodiscard]] base::Result<std::string> tag_of(const std::string& label, const std::string& value);
/// The tag that one create alone bears.
[[nodiscard]] base::Result<std::string> create_tag(const std::string& server_name);
/// The tags of all labels.
[[nodiscard]] base::Result<std::vector<std::string>> tags_of(const Labels& labels);
/// The labels of an array of tags. The tag of a create and tags of other people's making are left
/// out.
[[nodiscard]] Labels decode_tags(const base::Json& tags);

/// A name that holds labels, for what bears no tags: `name key:value key:value`.
[[nodiscard]] base::Result<std::string> labelled_name(const std::string& name,
                                                      const Labels& labels);
/// The labels of such a name.
[[nodiscard]] Labels decode_name(std::string_view name);
/// The name without them.
[[nodiscard]] std::string plain_name(std::string_view name);

/// Letters, digits and hyphens, 1 to 63.
[[nodiscard]] bool is_plain_name(std::string_view name);

}  // namespace hatchery::providers::digitalocean
