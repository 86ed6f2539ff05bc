# SPDX-License-Identifier: LGPL-3.0-or-later
"""Does somebody's device, or somebody's platform, keep docs/protocol?

The kit speaks the other side over a real broker: it plays the platform against a device
(`as_platform`) or a device against the platform (`as_device`), watches every message (`watch`,
`messages`) and makes trials. Each rule of a catalogue (`rules`) ends as passed, failed with
evidence, or not seen. A rule fails for good with its first failure.
"""
