# SPDX-License-Identifier: LGPL-3.0-or-later
"""The bridge process. Imported by the command only, never by the server: it needs paho-mqtt."""
