#!/usr/bin/env node
// Here before anything is built, so that npm finds something to link at install.
import '../dist/bin/lexcustis-verify.js'
