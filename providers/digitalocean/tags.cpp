#include "providers/digitalocean/tags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json_value.hpp"

namespace hatchery::providers::digitalocean {

namespace {

using base::ErrorKind;

constexpr std::size_t longest_tag = 255;
constexpr std::size_t longest_name = 63;
/// No label's key: `tag_of` takes them from the caller, and no caller owns this one.
constexpr std::string_view create_key = "hatchery-create";

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool is_tag_part(std::string_view text, bool with_colon) {
    return !text.empty() && std::ranges::all_of(text, [with_colon](char c) {
        return is_alphanumeric(c) || c == '_' || c == '-' || (with_colon && c == ':');
    });
}

void add_label(Labels& labels, std::string_view tag) {
    const auto colon = tag.find(':');
    if (colon == std::string_view::npos || colon == 0) return;
    const std::string_view key = tag.substr(0, colon);
    if (key != create_key) labels.emplace(key, tag.substr(colon + 1));
}

}  // namespace

bool is_plain_name(std::string_view name) {
    if (name.empty() || name.size() > longest_name) return false;
    if (!is_alphanumeric(name.front()) || !is_alphanumeric(name.back())) return false;
    return std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

base::Result<std::string> tag_of(const std::string& label, const std::string& value) {
    std::string tag = label + ':' + value;
    const bool good = is_tag_part(label, false) && is_tag_part(value, true) &&
                      tag.size() <= longest_tag && label != create_key;
    if (!good) {
        return base::fail(ErrorKind::invalid,
                          fmt::format("The label \"{}\" or its value is not one that a tag at "
                                      "DigitalOcean can hold.",
                                      label));
    }
    return tag;
}

base::Result<std::string> create_tag(const std::string& server_name) {
    if (is_plain_name(server_name)) return fmt::format("{}:{}", create_key, server_name);
    return base::fail(ErrorKind::invalid,
                      "A server's name must have 1 to 63 letters, digits and hyphens.");
}

base::Result<std::vector<std::string>> tags_of(const Labels& labels) {
    std::vector<std::string> tags;
    for (const auto& [label, value] : labels) {
        auto tag = tag_of(label, value);
        if (!tag) return base::fail(std::move(tag.error()));
        tags.push_back(std::move(*tag));
    }
    return tags;
}

Labels decode_tags(const base::Json& tags) {
    Labels labels;
    if (!tags.is_array()) return labels;
    for (const base::Json& tag : tags) {
        if (tag.is_string()) add_label(labels, tag.get_ref<const std::string&>());
    }
    return labels;
}

base::Result<std::string> labelled_name(const std::string& name, const Labels& labels) {
    if (!is_plain_name(name)) {
        return base::fail(ErrorKind::invalid,
                          "A name at DigitalOcean must have 1 to 63 letters, digits and hyphens.");
    }
    const auto tags = tags_of(labels);
    if (!tags) return base::fail(tags.error());
    std::string text = name;
    for (const std::string& tag : *tags) text += ' ' + tag;
    return text;
}

Labels decode_name(std::string_view name) {
    Labels labels;
    while (true) {
        const auto space = name.find(' ');
        if (space == std::string_view::npos) return labels;
        name.remove_prefix(space + 1);
        add_label(labels, name.substr(0, name.find(' ')));
    }
}

std::string plain_name(std::string_view name) {
    return std::string(name.substr(0, name.find(' ')));
}

}  // namespace hatchery::providers::digitalocean
