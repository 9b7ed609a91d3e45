# bash completion for retry(1)

# Completes file names, spaces and all.
_retry_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_retry() {
	local cur prev i word takes long
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	takes=' --attempts --initial --max-delay --backoff --delay --delays --jitter --timeout --within --kill-signal --grace --budget --delay-from --reset-after --retry-on --stop-on --retry-stdout --retry-stderr --stop-stdout --stop-stderr --success-on --until --consecutive --exhausted-code --tcp --http --file --output --log --log-file --report --on-retry --on-giveup --completion '
	long="$takes--last-try --follow --until-fails --no-stdin --quiet --verbose --plan --status --help --man --version"

	# From the first word that is no flag, and no flag's value, it is another command's line.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			((i++))
		elif [[ $takes == *" $word "* || $word =~ ^-[qvphV]*[nimbdjtwgrsucol]$ ]]; then
			((i++))
			# bash has cut a flag=value into three words.
			[[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
			continue
		elif [[ $word == -* ]]; then
			continue
		fi
		if ((i <= COMP_CWORD)); then
			if declare -F _command_offset >/dev/null; then
				_command_offset "$i"
			elif ((i == COMP_CWORD)); then
				mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			else
				_retry_files
			fi
			return
		fi
	done

	if [[ $cur == '=' ]]; then
		cur=
	elif [[ $prev == '=' ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	# Of several short flags the last may have a value.
	[[ $prev =~ ^-[qvphV]+([nimbdjtwgrsucol])$ ]] && prev=-${BASH_REMATCH[1]}
	case $prev in
	-n | --attempts) word='unlimited' ;;
	-b | --backoff) word='exponential linear constant fibonacci decorrelated' ;;
	-j | --jitter) word='full equal none' ;;
	-o | --output) word='stream last once prefix' ;;
	-l | --log) word='text json' ;;
	-r | --retry-on | -s | --stop-on | --success-on) word='timeout signal' ;;
	--kill-signal) word='TERM INT HUP QUIT USR1 USR2 KILL' ;;
	--completion) word='bash zsh fish' ;;
	--report | --file | --log-file)
		_retry_files
		return
		;;
	--on-retry | --on-giveup)
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		return
		;;
	*)
		[[ $takes == *" $prev "* || $prev =~ ^-[imdtwguc]$ ]] && return
		if [[ $cur != -* ]]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			return
		fi
		word=$long
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
}

complete -o bashdefault -o default -F _retry retry
